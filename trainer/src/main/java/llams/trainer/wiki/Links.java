package llams.trainer.wiki;

import java.util.Locale;
import java.util.Set;

/// What a link `[[target|label]]` shows.
final class Links {
    /// Namespaces whose links put something elsewhere on the page.
    private static final Set<String> REMOVED = Set.of("file", "image", "media", "category", "파일", "그림", "미디어", "분류");

    private Links() {}

    /// @param inside what stands between the brackets
    static String text(String inside) {
        return Marks.kept(shown(inside));
    }

    private static String shown(String inside) {
        int bar = inside.indexOf('|');
        String target = (bar < 0 ? inside : inside.substring(0, bar)).strip();
        int colon = target.indexOf(':');
        if (colon > 0 && isRemoved(target, colon, bar >= 0)) {
            return "";
        }
        if (bar < 0) {
            return colon == 0 ? target.substring(1) : target;
        }
        String label = inside.substring(bar + 1).strip();
        return label.isEmpty() ? withoutAdditions(target) : label;
    }

    /// A link to the same page in another language has a short code and never a label.
    private static boolean isRemoved(String target, int colon, boolean labelled) {
        String space = target.substring(0, colon).strip();
        boolean language = space.matches("[a-z]{2,3}(-[a-z]{2,10})*") && !target.startsWith(" ", colon + 1);
        return REMOVED.contains(space.toLowerCase(Locale.ROOT)) || language && !labelled;
    }

    /// The pipe trick: no namespace, no part of the page, no words in parentheses at the end.
    private static String withoutAdditions(String target) {
        String name = target.substring(target.indexOf(':') + 1);
        int fragment = name.indexOf('#');
        name = fragment > 0 ? name.substring(0, fragment) : name;
        int parenthesis = name.lastIndexOf(" (");
        return (parenthesis > 0 && name.endsWith(")") ? name.substring(0, parenthesis) : name).strip();
    }
}
