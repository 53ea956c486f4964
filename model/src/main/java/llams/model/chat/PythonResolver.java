package llams.model.chat;

import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.lib.exptest.ExpTest;
import com.hubspot.jinjava.lib.filter.Filter;
import com.hubspot.jinjava.util.ForLoop;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import jinjava.javax.el.ELContext;
import jinjava.javax.el.MapELResolver;
import llams.model.chat.PythonValues.Nothing;

/// How a template's expressions reach into values: keys, elements, and the methods of [PythonMethods]. There is no way
/// from here to a method or a field of a Java object.
final class PythonResolver extends MapELResolver {
    private final RenderingTime time;

    PythonResolver(RenderingTime time) {
        this.time = time;
    }

    @Override
    public Object getValue(ELContext context, Object base, Object property) {
        time.check();
        context.setPropertyResolved(true);
        String name = String.valueOf(property);
        return switch (base) {
            case Map<?, ?> map -> map.containsKey(name) ? present(map.get(name)) : Nothing.UNDEFINED;
            case List<?> list -> element(list, name);
            case String text -> element(text, name);
            case ForLoop loop -> loop(loop, name);
            case null -> Nothing.UNDEFINED;
            case Nothing nothing ->
                throw new TemplateException(0, "\"" + name + "\" is looked up in a value that does not exist");
            default -> Nothing.UNDEFINED;
        };
    }

    private static Object present(Object value) {
        return value == null ? Nothing.NONE : value;
    }

    private static Object element(Object sequence, String name) {
        return name.matches("-?\\d{1,9}")
                ? present(PythonValues.element(sequence, Long.parseLong(name)))
                : Nothing.UNDEFINED;
    }

    private static Object loop(ForLoop loop, String name) {
        return switch (name) {
            case "index" -> (long) loop.getIndex();
            case "index0" -> (long) loop.getIndex() - 1;
            case "revindex" -> (long) loop.getLength() - loop.getIndex() + 1;
            case "revindex0" -> (long) loop.getLength() - loop.getIndex();
            case "length" -> (long) loop.getLength();
            case "first" -> loop.getIndex() == 1;
            case "last" -> loop.getIndex() == loop.getLength();
            default -> throw new TemplateException(0, "loop." + name + " is not supported");
        };
    }

    @Override
    public Object invoke(ELContext context, Object base, Object method, Class<?>[] types, Object[] arguments) {
        time.check();
        context.setPropertyResolved(true);
        String name = String.valueOf(method);
        if (base instanceof Filter filter) {
            @SuppressWarnings("unchecked")
            Map<String, Object> named = (Map<String, Object>) arguments[3];
            return filter.filter(arguments[0], (JinjavaInterpreter) arguments[1], (Object[]) arguments[2], named);
        }
        if (base instanceof ExpTest test) {
            Object[] rest = Arrays.copyOfRange(arguments, 2, arguments.length);
            return name.equals("evaluateNegated")
                    ? test.evaluateNegated(arguments[0], (JinjavaInterpreter) arguments[1], rest)
                    : test.evaluate(arguments[0], (JinjavaInterpreter) arguments[1], rest);
        }
        List<Object> list = arguments == null ? List.of() : Arrays.asList(arguments);
        return base instanceof TemplateFunctions functions
                ? functions.call(name, list)
                : PythonMethods.call(base, name, list);
    }

    @Override
    public Class<?> getType(ELContext context, Object base, Object property) {
        return Object.class;
    }

    @Override
    public boolean isReadOnly(ELContext context, Object base, Object property) {
        return true;
    }

    @Override
    public void setValue(ELContext context, Object base, Object property, Object value) {
        throw new TemplateException(0, "values cannot be changed");
    }
}
