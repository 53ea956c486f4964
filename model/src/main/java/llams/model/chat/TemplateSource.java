package llams.model.chat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import llams.model.chat.TemplateToken.Kind;

/// A chat template prepared for Jinjava, which reads a template's expressions as Jinja does, but not all of its text.
///
/// Here white space around tags is cut as Jinja cuts it with `trim_blocks` and `lstrip_blocks`, text and quoted strings
/// become variables, and what is not supported is refused by name and line.
///
/// @param text      the template, in which only tags are left; as many lines as before
/// @param constants the values of its variables for texts and strings
record TemplateSource(String text, Map<String, Object> constants) {
    /// In the output, around what a `generation` block makes.
    static final char GENERATION = '\uFDD1';
    static final char END_GENERATION = '\uFDD2';

    private static final Set<String> TAGS = Set.of("if", "elif", "else", "endif", "for", "endfor", "set", "endset",
            "macro", "endmacro", "break", "continue", "generation", "endgeneration");
    private static final Set<String> FILTERS = Set.of("trim", "tojson", "string", "length", "count", "items", "list",
            "join", "first", "last", "upper", "lower", "capitalize", "title", "replace", "default", "d", "map",
            "selectattr", "rejectattr", "select", "reject", "reverse", "unique", "int", "float", "abs", "round", "safe",
            "sort", "sum");
    private static final Set<String> TESTS = Set.of("defined", "undefined", "none", "string", "mapping", "iterable",
            "sequence", "number", "integer", "float", "boolean", "true", "false", "equalto", "eq", "ne", "in", "odd",
            "even", "divisibleby", "sameas");
    private static final Set<String> FUNCTIONS = Set.of("range", "namespace");
    private static final Set<String> OWN_FUNCTIONS = Set.of("raise_exception", "strftime_now");
    /// The object whose methods are this program's functions.
    static final String OWN = "llams__";

    static TemplateSource of(String template) {
        return new Reader(template).read();
    }

    private static final class Reader {
        private final String template;
        private final StringBuilder out = new StringBuilder();
        private final Map<String, Object> constants = new LinkedHashMap<>();
        private final Set<String> macros = new HashSet<>();
        private final Deque<String> blocks = new ArrayDeque<>();
        private int at;
        private boolean startsLine = true;

        Reader(String template) {
            // As in Jinja, the last line end is not part of the text.
            String text = template.replace("\r\n", "\n").replace('\r', '\n');
            this.template = text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
        }

        TemplateSource read() {
            while (at < template.length()) {
                int open = open(at);
                if (open < 0) {
                    text(template.substring(at));
                    break;
                }
                tag(open);
            }
            if (!blocks.isEmpty()) {
                throw refused("\"" + blocks.peek() + "\" is never closed");
            }
            return new TemplateSource(out.toString(), constants);
        }

        private int open(int from) {
            for (int i = template.indexOf('{', from); i >= 0
                    && i + 1 < template.length(); i = template.indexOf('{', i + 1)) {
                if ("%{#".indexOf(template.charAt(i + 1)) >= 0) {
                    return i;
                }
            }
            return -1;
        }

        private void tag(int open) {
            char kind = template.charAt(open + 1);
            int from = open + 2;
            char left = from < template.length() ? template.charAt(from) : ' ';
            from += left == '-' || left == '+' ? 1 : 0;
            text(before(template.substring(at, open), left, kind != '{'));
            at = open;
            int close = kind == '#' ? template.indexOf("#}", from) : close(from, kind == '%' ? "%}" : "}}");
            if (close < 0) {
                throw refused("a tag is never closed");
            }
            char right = close > from ? template.charAt(close - 1) : ' ';
            int to = right == '-' || right == '+' ? close - 1 : close;
            String body = template.substring(from, to);
            if (kind == '#') {
                lines(body);
            } else {
                List<TemplateToken> tokens = TemplateToken.list(body, this::refused);
                if (kind == '%') {
                    block(tokens);
                } else {
                    out.append("{{ ").append(OWN).append(".text( ").append(expression(tokens)).append(" ) }}");
                }
            }
            at = close + 2;
            int begin = at;
            if (right == '-') {
                while (at < template.length() && Character.isWhitespace(template.charAt(at))) {
                    at++;
                }
            } else if (right != '+' && kind != '{' && at < template.length() && template.charAt(at) == '\n') {
                at++;
            }
            lines(template.substring(begin, at));
            startsLine = template.charAt(at - 1) == '\n';
        }

        /// `text` as it is before a tag.
        private String before(String text, char left, boolean stripsLine) {
            int keep = text.length();
            if (left == '-') {
                keep = text.stripTrailing().length();
            } else if (stripsLine && left != '+') {
                int line = text.lastIndexOf('\n') + 1;
                if ((line > 0 || startsLine) && text.substring(line).isBlank()) {
                    keep = line;
                }
            }
            String kept = text.substring(0, keep);
            return kept + (char) 0 + "\n".repeat(lineEnds(text.substring(keep)));
        }

        /// Writes text; what follows a zero only counts lines.
        private void text(String text) {
            int end = text.indexOf(0);
            String shown = end < 0 ? text : text.substring(0, end);
            if (!shown.isEmpty()) {
                out.append("{{ ").append(constant(shown)).append(" }}");
            }
            lines(text);
        }

        /// Keeps line numbers right: what was cut continues at the end of the tag before.
        private void lines(String text) {
            int count = lineEnds(text);
            if (count > 0) {
                if (out.isEmpty()) {
                    out.append("{{ ").append(constant("")).append(" }}");
                }
                out.insert(out.length() - 2, "\n".repeat(count));
            }
        }

        private String constant(String value) {
            String name = "llams__" + constants.size();
            constants.put(name, value);
            return name;
        }

        /// Where a tag ends that continues at `from`: not in a string, nor in brackets.
        private int close(int from, String end) {
            int depth = 0;
            for (int i = from; i < template.length(); i++) {
                char c = template.charAt(i);
                if (c == '\'' || c == '"') {
                    i = TemplateToken.stringEnd(template, i, this::refused) - 1;
                } else if (depth == 0 && template.startsWith(end, i)) {
                    return i;
                } else if (c == '(' || c == '[' || c == '{') {
                    depth++;
                } else if (c == ')' || c == ']' || c == '}') {
                    depth--;
                }
            }
            return -1;
        }

        private void block(List<TemplateToken> tokens) {
            List<TemplateToken> words = tokens.stream().filter(token -> token.kind() != Kind.SPACE).toList();
            String name = words.isEmpty() ? "" : words.getFirst().text();
            if (!TAGS.contains(name)) {
                throw refused("the tag \"" + name + "\" is not supported");
            }
            List<TemplateToken> rest = tokens.subList(tokens.indexOf(words.getFirst()) + 1, tokens.size());
            switch (name) {
                case "generation", "endgeneration" -> out.append("{{ ")
                        .append(constant(String.valueOf(name.equals("generation") ? GENERATION : END_GENERATION)))
                        .append(" }}");
                case "for" -> loop(rest);
                case "macro" -> {
                    macros.add(words.size() > 1 ? words.get(1).text() : "");
                    plain(name, rest);
                }
                case "else" -> {
                    if ("for".equals(blocks.peek())) {
                        throw refused("\"else\" of a loop is not supported");
                    }
                    plain(name, rest);
                }
                default -> plain(name, rest);
            }
            boolean opens = name.equals("if") || name.equals("for") || name.equals("macro")
                    || name.equals("set") && words.stream().noneMatch(word -> word.is("="));
            if (opens) {
                blocks.push(name);
            } else if (name.startsWith("end") && !name.endsWith("generation")
                    && (blocks.isEmpty() || !blocks.pop().equals(name.substring(3)))) {
                throw refused("\"" + name + "\" closes nothing");
            }
        }

        private void plain(String name, List<TemplateToken> rest) {
            out.append("{% ").append(name).append(' ').append(expression(rest)).append(" %}");
        }

        /// A loop; one with a condition as Jinja has it goes over the list of what fulfils it.
        private void loop(List<TemplateToken> rest) {
            int in = TemplateToken.indexOf(rest, "in", 0);
            int condition = in < 0 ? -1 : TemplateToken.indexOf(rest, "if", in);
            if (TemplateToken.indexOf(rest, "recursive", 0) >= 0) {
                throw refused("a recursive loop is not supported");
            }
            if (condition < 0) {
                plain("for", rest);
                return;
            }
            String names = expression(rest.subList(0, in));
            String kept = "llams__kept" + constants.size();
            constants.put(kept, "");
            out.append("""
                    {%% set %1$s = %2$s.list() %%}{%% for %3$s %%}{%% if %4$s %%}\
                    {%% set llams__ignored = %2$s.add( %1$s , %5$s ) %%}\
                    {%% endif %%}{%% endfor %%}{%% for %5$s in %1$s %%}""".formatted(kept, OWN,
                    expression(rest.subList(0, condition)), expression(rest.subList(condition + 1, rest.size())),
                    names));
        }

        private String expression(List<TemplateToken> tokens) {
            StringBuilder text = new StringBuilder();
            List<TemplateToken> words = new ArrayList<>(tokens);
            words.removeIf(token -> token.kind() == Kind.SPACE && !token.text().contains("\n"));
            TemplateToken.bracketNots(words);
            for (int i = 0; i < words.size(); i++) {
                TemplateToken token = words.get(i);
                String before = i == 0 ? "" : words.get(i - 1).text();
                String after = i + 1 < words.size() ? words.get(i + 1).text() : "";
                switch (token.kind()) {
                    case SPACE -> text.append("\n".repeat(lineEnds(token.text())));
                    case STRING -> text.append(constant(token.value())).append(' ');
                    case SIGN -> {
                        if (token.is(".")) {
                            text.setLength(text.toString().stripTrailing().length());
                        }
                        text.append(token.text()).append(token.is(".") ? "" : " ");
                    }
                    case NUMBER -> text.append(token.text()).append(' ');
                    case NAME -> {
                        check(token.text(), before, i > 1 ? words.get(i - 2).text() : "", after);
                        boolean own = OWN_FUNCTIONS.contains(token.text()) && !before.equals(".") && after.equals("(");
                        text.append(own ? OWN + "." : "").append(token.text()).append(' ');
                    }
                }
            }
            return text.toString().replace("[ : : - 1 ]", "| reverse").replace("[ : : -1 ]", "| reverse");
        }

        private void check(String name, String before, String earlier, String after) {
            if (before.equals("|") && !FILTERS.contains(name)) {
                throw refused("the filter \"" + name + "\" is not supported");
            }
            boolean test = before.equals("is") && !name.equals("not") || before.equals("not") && earlier.equals("is");
            if (test && !TESTS.contains(name)) {
                throw refused("the test \"is " + name + "\" is not supported");
            }
            boolean called = after.equals("(") && !before.equals(".") && !before.equals("|") && !test
                    && !before.equals("macro");
            if (called && !FUNCTIONS.contains(name) && !OWN_FUNCTIONS.contains(name) && !macros.contains(name)
                    && !Set.of("if", "elif", "in", "and", "or", "not", "is", "else").contains(name)) {
                throw refused("the function \"" + name + "\" is not supported");
            }
            if (name.startsWith("llams__") || name.startsWith("__")) {
                throw refused("the name \"" + name + "\" is not supported");
            }
        }

        private TemplateException refused(String what) {
            return new TemplateException(1 + lineEnds(template.substring(0, Math.min(at, template.length()))), what);
        }

        private static int lineEnds(String text) {
            return (int) text.chars().filter(c -> c == '\n').count();
        }
    }
}
