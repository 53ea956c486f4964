package llams.tokenizer;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntConsumer;

/// A vocabulary's added tokens, and how text is cut at their names: at those of [#ordinary] always, at special ones
/// when asked.
final class AddedTokens {

    /// What text is cut into: plain parts and added tokens, in turn.
    interface Parts {
        void plain(int from, int to);
    }

    /// In the order of their ids.
    final List<AddedToken> tokens;

    private final Map<String, AddedToken> byName = new HashMap<>();
    private final Finders ordinary;
    private final Finders all;
    private final SpecialFinder special;

    AddedTokens(List<AddedToken> tokens) {
        this.tokens = tokens;
        // Plain loops, here and wherever loading passes: starting Java's streams and lambdas would add a third to its
        // time.
        Set<String> names = new LinkedHashSet<>();
        Set<String> ordinaryNames = new LinkedHashSet<>();
        Set<String> specialNames = new LinkedHashSet<>();
        for (AddedToken token : tokens) {
            byName.put(token.name(), token);
            names.add(token.name());
            (token.special() ? specialNames : ordinaryNames).add(token.name());
        }
        all = new Finders(names);
        special = new SpecialFinder(specialNames);
        ordinary = ordinaryNames.isEmpty() ? null : new Finders(ordinaryNames);
    }

    /// The token of this name, or null.
    AddedToken named(String name) {
        return byName.get(name);
    }

    /// Finds the names that are tokens in every text; null if there are none.
    Finders ordinary() {
        return ordinary;
    }

    /// Finds those and the special names of `allowed`.
    Finders finders(Set<String> allowed) {
        if (allowed == Tokenizer.ALL) {
            return all;
        }
        Set<String> known = new LinkedHashSet<>();
        for (AddedToken token : tokens) {
            if (!token.special() || allowed.contains(token.name())) {
                known.add(token.name());
            }
        }
        return new Finders(known);
    }

    /// Finds what must not stand in a text: the names of `disallowed`, for [Tokenizer#ALL] the special ones that are
    /// not in `allowed`; null if there are none.
    SpecialFinder disallowed(Set<String> allowed, Set<String> disallowed) {
        if (disallowed != Tokenizer.ALL) {
            return disallowed.isEmpty() ? null : new SpecialFinder(disallowed);
        }
        if (allowed == Tokenizer.ALL) {
            return null;
        }
        if (allowed.isEmpty()) {
            return special;
        }
        Set<String> rest = new LinkedHashSet<>();
        for (AddedToken token : tokens) {
            if (token.special() && !allowed.contains(token.name())) {
                rest.add(token.name());
            }
        }
        return new SpecialFinder(rest);
    }

    /// @param finder of what must not stand in a text, or null
    /// @throws IllegalArgumentException if one of its names starts in `text[0, end)`
    static void refuse(SpecialFinder finder, String text, int end) {
        int start = finder == null ? -1 : finder.find(text, 0, Math.min(text.length(), end + finder.longest));
        if (start >= 0 && start < end) {
            throw new IllegalArgumentException("The text contains a special token that is not allowed: "
                    + text.substring(start, finder.endAt(text, start, text.length())));
        }
    }

    /// `text` with a `guard` after the first letter of every special token's name.
    String guarded(String text, char guard) {
        StringBuilder guarded = null;
        int done = 0;
        for (int at = special.find(text, 0, text.length()); at >= 0; at = special.find(text, at + 1, text.length())) {
            guarded = guarded == null ? new StringBuilder() : guarded;
            guarded.append(text, done, at + 1).append(guard);
            done = at + 1;
        }
        return guarded == null ? text : guarded.append(text, done, text.length()).toString();
    }

    /// Finders of some names, one after the other: where names overlap, those that are not `normalized` come first.
    final class Finders {

        /// The length of the longest name.
        final int longest;

        private final List<SpecialFinder> passes = new ArrayList<>();
        /// Whether what touches a name matters for one of the tokens.
        private final boolean looksAround;

        private Finders(Collection<String> names) {
            List<String> first = new ArrayList<>();
            List<String> then = new ArrayList<>();
            int longest = 0;
            boolean looksAround = false;
            for (String name : names) {
                AddedToken token = byName.get(name);
                (token.normalized() ? then : first).add(name);
                longest = Math.max(longest, name.length());
                looksAround |= token.singleWord() || token.lstrip() || token.rstrip();
            }
            this.longest = longest;
            this.looksAround = looksAround;
            if (!first.isEmpty()) {
                passes.add(new SpecialFinder(first));
            }
            if (!then.isEmpty()) {
                passes.add(new SpecialFinder(then));
            }
        }

        /// Whether a cut at `at > 0` changes no token: no name lies across it and, where that matters, neither a name nor
        /// white space touches it.
        boolean mayCut(String text, int at) {
            if (looksAround && ChatFormat.isPythonSpace(text.charAt(at - 1))) {
                return false;
            }
            for (SpecialFinder finder : passes) {
                for (int start = Math.max(0, at - finder.longest); start <= at; start++) {
                    int end = finder.endAt(text, start, text.length());
                    if (looksAround ? end >= at : start < at && end > at) {
                        return false;
                    }
                }
            }
            return true;
        }

        /// Cuts a text: `plain` gets what lies between the tokens, `token` their ids.
        void cut(String text, Parts plain, IntConsumer token) {
            cut(0, text, 0, text.length(), plain, token);
        }

        private void cut(int pass, String text, int from, int to, Parts plain, IntConsumer ids) {
            if (pass == passes.size()) {
                plain.plain(from, to);
                return;
            }
            SpecialFinder finder = passes.get(pass);
            int done = from;
            int at = from;
            for (int start = finder.find(text, at, to); start >= 0; start = finder.find(text, at, to)) {
                at = finder.endAt(text, start, to);
                AddedToken token = byName.get(text.substring(start, at));
                if (token.standsAt(text, start, at)) {
                    cut(pass + 1, text, done, token.begin(text, done, start), plain, ids);
                    ids.accept(token.id());
                    at = token.end(text, at, to);
                    done = at;
                }
            }
            cut(pass + 1, text, done, to, plain, ids);
        }
    }
}
