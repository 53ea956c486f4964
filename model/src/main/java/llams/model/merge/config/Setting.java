package llams.model.merge.config;

import java.util.List;
import java.util.OptionalDouble;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/// A number that may differ from tensor to tensor.
public sealed interface Setting {
    /// The number for a tensor; empty where no filter matches.
    ///
    /// @param depth where the tensor lies: 0 for the embedding and the first layer, 1 for the last layer, the final norm
    ///              and the head
    OptionalDouble at(String tensor, double depth);

    /// All numbers that it holds.
    List<Double> numbers();

    /// The same for every tensor.
    record Constant(double value) implements Setting {
        @Override
        public OptionalDouble at(String tensor, double depth) {
            return OptionalDouble.of(value);
        }

        @Override
        public List<Double> numbers() {
            return List.of(value);
        }
    }

    /// Numbers at equal distances from the first layer to the last, with straight lines between them.
    record Gradient(List<Double> numbers) implements Setting {
        public Gradient {
            numbers = List.copyOf(numbers);
            if (numbers.isEmpty()) {
                throw new IllegalArgumentException("a gradient needs at least one number");
            }
        }

        @Override
        public OptionalDouble at(String tensor, double depth) {
            double position = depth * (numbers.size() - 1);
            int before = (int) position;
            int after = Math.min(before + 1, numbers.size() - 1);
            double share = position - before;
            return OptionalDouble.of((1 - share) * numbers.get(before) + share * numbers.get(after));
        }
    }

    /// The first case whose filter matches decides.
    record Filtered(List<Case> cases) implements Setting {
        public Filtered {
            cases = List.copyOf(cases);
        }

        @Override
        public OptionalDouble at(String tensor, double depth) {
            for (Case one : cases) {
                if (one.filter == null || one.filter.matcher(tensor).find()) {
                    return one.value.at(tensor, depth);
                }
            }
            return OptionalDouble.empty();
        }

        @Override
        public List<Double> numbers() {
            return cases.stream().flatMap(one -> one.value.numbers().stream()).toList();
        }
    }

    /// @param filter a regular expression found anywhere in the tensor's name; null matches every tensor
    record Case(Pattern filter, Setting value) {
        /// @param filter `*` and null match every tensor
        /// @throws IllegalArgumentException if the filter is not a regular expression
        public static Case of(String filter, Setting value) {
            try {
                return new Case(filter == null || filter.equals("*") ? null : Pattern.compile(filter), value);
            } catch (PatternSyntaxException e) {
                throw new IllegalArgumentException("\"" + filter + "\" is not a regular expression: "
                        + e.getDescription() + " at character " + e.getIndex(), e);
            }
        }
    }
}
