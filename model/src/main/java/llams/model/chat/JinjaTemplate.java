package llams.model.chat;

import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.LegacyOverrides;
import com.hubspot.jinjava.el.JinjavaProcessors;
import com.hubspot.jinjava.interpret.Context;
import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.interpret.TemplateError;
import com.hubspot.jinjava.tree.Node;
import java.time.Clock;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import llams.model.chat.PythonValues.Nothing;

/// A chat template that Jinjava renders, as Hugging Face's libraries do with Jinja: with their functions, and with no
/// access to anything but the values that it is given. Jinjava is used, and loaded, only here.
final class JinjaTemplate {
    /// Far more than any conversation needs: a template that writes more is broken or hostile.
    private static final int MOST_CHARACTERS = 1 << 24;

    private static final int MOST_BRACKETS = 100;

    private final TemplateSource source;
    private final Jinjava jinjava;
    /// Functions, filters and tests, below the values of each rendering.
    private final Context library;
    private final RenderingTime time = new RenderingTime();
    private final PythonResolver resolver = new PythonResolver(time);
    private final Function<String, Object> unknown;
    private Node parsed;

    /// @throws TemplateException if it needs what is not supported
    JinjaTemplate(String template) {
        this(template, name -> Nothing.UNDEFINED);
    }

    /// @param unknown what a name means that has no value
    JinjaTemplate(String template, Function<String, Object> unknown) {
        this.unknown = unknown;
        refuseDeep(template);
        source = TemplateSource.of(template);
        JinjavaConfig config = JinjavaConfig.newBuilder()
                .withLegacyOverrides(LegacyOverrides.ALL)
                .withElResolver(resolver)
                .withNestedInterpretationEnabled(false)
                .withMaxOutputSize(MOST_CHARACTERS)
                .withMaxStringLength(MOST_CHARACTERS)
                .withRangeLimit(10_000)
                .withKeepTrailingNewline(true)
                .withDisabled(Map.of(Context.Library.TAG,
                        Set.of("include", "import", "from", "extends", "block", "call", "do")))
                .withProcessors(JinjavaProcessors.newBuilder()
                        .withNodePreProcessor((node, interpreter) -> time.check())
                        .build())
                .build();
        jinjava = jinjava(config);
        PythonLibrary.register(jinjava.getGlobalContext());
        library = jinjava.getGlobalContextCopy();
    }

    /// Jinjava finds its own parts through the thread's class loader, which need not know them.
    private static Jinjava jinjava(JinjavaConfig config) {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        thread.setContextClassLoader(JinjaTemplate.class.getClassLoader());
        try {
            return new Jinjava(config);
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    /// Where brackets are nested deeply, the expression parser takes seconds to overflow the stack.
    private static void refuseDeep(String template) {
        int depth = 0;
        for (int i = 0; i < template.length(); i++) {
            switch (template.charAt(i)) {
                case '(', '[', '{' -> depth++;
                case ')', ']', '}' -> depth = Math.max(0, depth - 1);
                default -> {}
            }
            if (depth > MOST_BRACKETS) {
                throw new TemplateException(0, "it is nested too deeply: more than " + MOST_BRACKETS + " brackets");
            }
        }
    }

    /// One thread at a time renders: they share the time that is allowed.
    ///
    /// @param values what the template may use: strings, numbers, booleans, lists and maps of them
    /// @param clock  the clock of `strftime_now`
    /// @throws TemplateException if rendering fails, or the template refuses
    synchronized String render(Map<String, Object> values, Clock clock) {
        Map<String, Object> bindings = new LinkedHashMap<>(source.constants());
        values.forEach((name, value) -> bindings.put(name, value == null ? Nothing.NONE : value));
        bindings.put("none", Nothing.NONE);
        bindings.put("None", Nothing.NONE);
        TemplateFunctions functions = new TemplateFunctions(clock);
        bindings.put(TemplateSource.OWN, functions);
        bindings.put("strftime_now", functions);
        Context context = new Context(library, new HashMap<>(bindings));
        context.setDynamicVariableResolver(unknown::apply);
        JinjavaInterpreter interpreter = new JinjavaInterpreter(jinjava, context, jinjava.getGlobalConfig());
        try (var _ = JinjavaInterpreter.closeablePushCurrent(interpreter).get()) {
            if (parsed == null) {
                parsed = interpreter.parse(source.text());
            }
            time.start(values);
            String text = interpreter.render(parsed, false);
            for (TemplateError error : interpreter.getErrorsCopy()) {
                throw failed(error.getLineno(), error.getException(), error.getMessage());
            }
            return text;
        } catch (TemplateException e) {
            throw e;
        } catch (StackOverflowError e) {
            throw new TemplateException(Math.max(0, interpreter.getLineNumber()), "it is nested too deeply");
        } catch (RuntimeException e) {
            throw failed(interpreter.getLineNumber(), e, e.getMessage());
        }
    }

    private static TemplateException failed(int line, Throwable cause, String message) {
        for (Throwable e = cause; e != null; e = e.getCause()) {
            if (e instanceof TemplateException known) {
                return new TemplateException(known.line > 0 ? known.line : Math.max(0, line), known.getMessage());
            }
        }
        String said = message == null ? String.valueOf(cause) : message.lines().findFirst().orElse("");
        return new TemplateException(Math.max(0, line), said);
    }
}
