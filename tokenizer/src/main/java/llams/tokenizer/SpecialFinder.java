package llams.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;

/// Finds any of a set of names in text: the leftmost, and the longest of those that start together. A trie, so that
/// text full of half names costs no more than other text.
final class SpecialFinder {

    private static final class Node {
        private char[] letters = {};
        private final List<Node> children = new ArrayList<>();
        private boolean isEnd;

        Node child(char letter) {
            for (int i = 0; i < letters.length; i++) {
                if (letters[i] == letter) {
                    return children.get(i);
                }
            }
            return null;
        }

        Node childOrNew(char letter) {
            Node child = child(letter);
            if (child == null) {
                child = new Node();
                letters = Arrays.copyOf(letters, letters.length + 1);
                letters[letters.length - 1] = letter;
                children.add(child);
            }
            return child;
        }
    }

    /// The length of the longest name.
    final int longest;

    private final Node root = new Node();

    SpecialFinder(Collection<String> names) {
        int longest = 0;
        for (String name : names) {
            longest = Math.max(longest, name.length());
            Node node = root;
            for (int i = 0; i < name.length(); i++) {
                node = node.childOrNew(name.charAt(i));
            }
            node.isEnd = true;
        }
        this.longest = longest;
    }

    /// Where the next name starts that lies in `text[from, to)`, or -1.
    int find(String text, int from, int to) {
        if (root.letters.length == 1) {
            char letter = root.letters[0];
            for (int i = text.indexOf(letter, from, to); i >= 0; i = text.indexOf(letter, i + 1, to)) {
                if (endAt(text, i, to) >= 0) {
                    return i;
                }
            }
            return -1;
        }
        for (int i = from; i < to; i++) {
            if (endAt(text, i, to) >= 0) {
                return i;
            }
        }
        return -1;
    }

    /// Where the longest name that starts at `start` and ends by `to` ends, or -1.
    int endAt(String text, int start, int to) {
        Node node = root;
        int end = node.isEnd ? start : -1;
        for (int i = start; i < to; i++) {
            node = node.child(text.charAt(i));
            if (node == null) {
                break;
            }
            if (node.isEnd) {
                end = i + 1;
            }
        }
        return end;
    }
}
