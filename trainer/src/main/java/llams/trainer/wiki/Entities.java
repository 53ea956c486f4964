package llams.trainer.wiki;

import java.util.HashMap;
import java.util.Map;

/// Character references, `&amp;`, `&#160;` and `&#xA0;`.
final class Entities {
    private static final int LONGEST = 12;
    private static final Map<String, Integer> NAMED = new HashMap<>();

    static {
        // Code points in a row, as HTML 4 names them; a dash has no name.
        named(160, "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn"
                + " sup2 sup3 acute micro"
                + " para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml"
                + " Aring AElig Ccedil"
                + " Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml"
                + " times Oslash Ugrave"
                + " Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave"
                + " eacute ecirc euml"
                + " igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute"
                + " ucirc uuml yacute thorn yuml");
        named(913, "Alpha Beta Gamma Delta Epsilon Zeta Eta Theta Iota Kappa Lambda Mu Nu Xi Omicron Pi Rho - Sigma"
                + " Tau Upsilon Phi Chi Psi Omega");
        named(945, "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigmaf"
                + " sigma tau upsilon phi chi psi omega");
        named(0x2002, "ensp emsp - - - - - thinsp - - zwnj zwj lrm rlm");
        named(0x2013, "ndash mdash - - - lsquo rsquo sbquo - ldquo rdquo bdquo - dagger Dagger bull - - - hellip");
        named(0x2190, "larr uarr rarr darr harr");
        named(0x21d0, "lArr uArr rArr dArr hArr");
        NAMED.putAll(Map.of("lt", (int) '<', "gt", (int) '>', "amp", (int) '&', "quot", (int) '"', "apos", (int) '\''));
        NAMED.putAll(Map.of("prime", 0x2032, "Prime", 0x2033, "permil", 0x2030, "euro", 0x20ac, "trade", 0x2122,
                "minus", 0x2212, "infin", 0x221e, "asymp", 0x2248, "ne", 0x2260, "equiv", 0x2261));
        NAMED.putAll(Map.of("le", 0x2264, "ge", 0x2265, "sum", 0x2211, "radic", 0x221a, "isin", 0x2208, "cap", 0x2229,
                "cup", 0x222a, "sub", 0x2282, "sube", 0x2286, "empty", 0x2205));
    }

    private Entities() {}

    private static void named(int first, String names) {
        int codePoint = first;
        for (String name : names.split(" ")) {
            if (!name.equals("-")) {
                NAMED.put(name, codePoint);
            }
            codePoint++;
        }
    }

    /// Appends the character of the reference that begins at `at` of `text`, or the `&` if there is none.
    ///
    /// @return the place after it
    static int decode(String text, int at, StringBuilder out) {
        int end = at + 1;
        while (end < text.length() && end - at < LONGEST && text.charAt(end) != ';') {
            end++;
        }
        int codePoint = end < text.length() && text.charAt(end) == ';' ? codePoint(text.substring(at + 1, end)) : -1;
        if (codePoint < 0) {
            out.append('&');
            return at + 1;
        }
        boolean control = Character.isISOControl(codePoint);
        out.appendCodePoint(control ? ' ' : codePoint);
        return end + 1;
    }

    /// All of a text.
    static String decode(String text) {
        StringBuilder decoded = new StringBuilder(text.length());
        int at = 0;
        while (at < text.length()) {
            if (text.charAt(at) == '&') {
                at = decode(text, at, decoded);
            } else {
                decoded.append(text.charAt(at++));
            }
        }
        return decoded.toString();
    }

    /// -1 if there is none.
    private static int codePoint(String reference) {
        if (!reference.startsWith("#")) {
            return NAMED.getOrDefault(reference, -1);
        }
        boolean hexadecimal = reference.startsWith("x", 1) || reference.startsWith("X", 1);
        try {
            int codePoint = Integer.parseUnsignedInt(reference.substring(hexadecimal ? 2 : 1), hexadecimal ? 16 : 10);
            boolean isCharacter = Character.isValidCodePoint(codePoint)
                    && Character.getType(codePoint) != Character.SURROGATE && codePoint != 0;
            return isCharacter ? codePoint : -1;
        } catch (NumberFormatException e) {
            return -1;
        }
    }
}
