package llams.server.grammar;

import static llams.server.grammar.Rule.anyOf;
import static llams.server.grammar.Rule.choice;
import static llams.server.grammar.Rule.optional;
import static llams.server.grammar.Rule.range;
import static llams.server.grammar.Rule.repeated;
import static llams.server.grammar.Rule.sequence;
import static llams.server.grammar.Rule.text;

/// JSON (RFC 8259) as rules. Runs of digits and of blanks are bounded, for a model that falls into one may never leave
/// it.
final class JsonRules {
    private static final int MOST_DIGITS = 17;
    private static final int MOST_INDENT = 24;

    /// What may stand between parts: nothing, a blank, or a new line with its indentation.
    static final Rule BLANK = choice(Rule.NOTHING, text(" "),
            sequence(text("\n"), repeated(text(" "), 0, MOST_INDENT)));
    private static final Rule DIGIT = range('0', '9');
    private static final Rule HEX = anyOf("0123456789abcdefABCDEF");
    /// Anything but halves of surrogate pairs: characters beyond 16 bits can stand for themselves.
    private static final Rule CODE = choice(sequence(anyOf("0123456789abcefABCEF"), HEX, HEX, HEX),
            sequence(anyOf("dD"), range('0', '7'), HEX, HEX));
    private static final Rule CONTINUATION = range(0x80, 0xbf);
    /// One character of a string: well-formed UTF-8 or an escape.
    static final Rule CHARACTER = choice(Rule.without(range(0x20, 0x7f), "\"\\"),
            sequence(text("\\"), choice(anyOf("\"\\/bfnrt"), sequence(text("u"), CODE))),
            sequence(range(0xc2, 0xdf), CONTINUATION), sequence(range(0xe0, 0xe0), range(0xa0, 0xbf), CONTINUATION),
            sequence(Rule.union(range(0xe1, 0xec), range(0xee, 0xef)), CONTINUATION, CONTINUATION),
            sequence(range(0xed, 0xed), range(0x80, 0x9f), CONTINUATION),
            sequence(range(0xf0, 0xf0), range(0x90, 0xbf), CONTINUATION, CONTINUATION),
            sequence(range(0xf1, 0xf3), CONTINUATION, CONTINUATION, CONTINUATION),
            sequence(range(0xf4, 0xf4), range(0x80, 0x8f), CONTINUATION, CONTINUATION));
    static final Rule STRING = sequence(text("\""), repeated(CHARACTER), text("\""));
    static final Rule INTEGER = sequence(optional(text("-")),
            choice(text("0"), sequence(range('1', '9'), repeated(DIGIT, 0, MOST_DIGITS))));
    static final Rule NUMBER = sequence(INTEGER, optional(sequence(text("."), repeated(DIGIT, 1, MOST_DIGITS))),
            optional(sequence(anyOf("eE"), optional(anyOf("+-")), repeated(DIGIT, 1, 3))));
    static final Rule BOOLEAN = choice(text("true"), text("false"));
    static final Rule NULL = text("null");
    static final Rule COMMA = sequence(text(","), BLANK);
    private static final Rule COLON = sequence(text(":"), BLANK);
    static final Rule VALUE;
    static final Rule OBJECT;

    static {
        Rule.Later value = new Rule.Later();
        OBJECT = object(STRING, value);
        value.rule = choice(OBJECT, array(value, 0, Integer.MAX_VALUE), STRING, NUMBER, BOOLEAN, NULL);
        VALUE = value;
    }

    private JsonRules() {}

    /// An object with any number of members.
    static Rule object(Rule name, Rule value) {
        Rule member = member(name, value);
        return braces(optional(sequence(member, repeated(sequence(COMMA, member)))));
    }

    static Rule member(Rule name, Rule value) {
        return sequence(name, COLON, value);
    }

    static Rule braces(Rule members) {
        return sequence(text("{"), BLANK, members, BLANK, text("}"));
    }

    static Rule array(Rule element, int least, int most) {
        if (most == 0) {
            return text("[]");
        }
        Rule next = sequence(COMMA, element);
        Rule more = most == Integer.MAX_VALUE
                ? sequence(repeated(next, Math.max(0, least - 1), Math.max(0, least - 1)), repeated(next))
                : repeated(next, Math.max(0, least - 1), most - 1);
        Rule elements = sequence(element, more);
        return sequence(text("["), BLANK, least == 0 ? optional(elements) : elements, BLANK, text("]"));
    }

    /// A string of so many characters.
    static Rule string(int least, int most) {
        Rule characters = most == Integer.MAX_VALUE
                ? sequence(repeated(CHARACTER, least, least), repeated(CHARACTER))
                : repeated(CHARACTER, least, most);
        return sequence(text("\""), characters, text("\""));
    }
}
