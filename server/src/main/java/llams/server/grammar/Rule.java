package llams.server.grammar;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// What bytes may follow each other. Rules are told apart by identity.
sealed interface Rule {
    Rule NOTHING = new Sequence(List.of());

    /// One byte of a set.
    final class OneOf implements Rule {
        private final boolean[] members = new boolean[256];

        boolean has(int value) {
            return members[value];
        }
    }

    /// One after the other.
    final class Sequence implements Rule {
        final List<Rule> parts;

        private Sequence(List<Rule> parts) {
            this.parts = List.copyOf(parts);
        }
    }

    /// Any one of these.
    final class Choice implements Rule {
        final List<Rule> options;

        private Choice(List<Rule> options) {
            this.options = List.copyOf(options);
        }
    }

    /// A rule that is set after others refer to it, even itself.
    final class Later implements Rule {
        Rule rule;
    }

    static Rule sequence(Rule... parts) {
        return new Sequence(Arrays.asList(parts));
    }

    static Rule choice(Rule... options) {
        return choice(Arrays.asList(options));
    }

    static Rule choice(List<Rule> options) {
        return new Choice(options);
    }

    static Rule optional(Rule rule) {
        return choice(NOTHING, rule);
    }

    /// Exactly this text, in UTF-8.
    static Rule text(String text) {
        List<Rule> bytes = new ArrayList<>();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            bytes.add(range(b & 0xff, b & 0xff));
        }
        return new Sequence(bytes);
    }

    /// One byte from `first` to `last`.
    static OneOf range(int first, int last) {
        OneOf set = new OneOf();
        Arrays.fill(set.members, first, last + 1, true);
        return set;
    }

    /// One of the characters of an ASCII text.
    static OneOf anyOf(String characters) {
        OneOf set = new OneOf();
        characters.chars().forEach(c -> set.members[c] = true);
        return set;
    }

    static OneOf union(OneOf a, OneOf b) {
        OneOf set = new OneOf();
        for (int i = 0; i < 256; i++) {
            set.members[i] = a.members[i] || b.members[i];
        }
        return set;
    }

    static OneOf without(OneOf set, String characters) {
        OneOf rest = union(set, set);
        characters.chars().forEach(c -> rest.members[c] = false);
        return rest;
    }

    /// Any number of times.
    static Rule repeated(Rule rule) {
        Later again = new Later();
        again.rule = optional(sequence(rule, again));
        return again;
    }

    /// From `least` to `most` times.
    static Rule repeated(Rule rule, int least, int most) {
        Rule rest = NOTHING;
        for (int i = most; i > least; i--) {
            rest = optional(sequence(rule, rest));
        }
        List<Rule> all = new ArrayList<>();
        for (int i = 0; i < least; i++) {
            all.add(rule);
        }
        all.add(rest);
        return new Sequence(all);
    }
}
