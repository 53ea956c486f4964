package llams.server.grammar;

import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;

/// Follows a grammar byte by byte. A state is the set of everything that may still follow; states are made when they are
/// first reached, and found again. Used by one thread at a time.
public final class Automaton {
    /// Then all are forgotten: each may have a mask of all tokens.
    private static final int MOST_STATES = 1000;

    /// What is left to be read: a rule, and what follows it. Two with the same contents are the same object.
    private static final class Stack {
        final Rule head;
        final Stack tail;
        private final Map<Rule, Stack> above = new IdentityHashMap<>();

        Stack(Rule head, Stack tail) {
            this.head = head;
            this.tail = tail;
        }

        Stack push(Rule rule) {
            return above.computeIfAbsent(rule, _ -> new Stack(rule, this));
        }
    }

    /// Where a text stands in the grammar.
    public final class State {
        private final Set<Stack> stacks;
        private final State[] next = new State[256];
        /// The tokens that may follow; null until they are asked for.
        long[] mask;

        private State(Set<Stack> stacks) {
            this.stacks = stacks;
        }

        /// Whether nothing can follow, not even the end.
        boolean isDead() {
            return stacks.isEmpty();
        }

        /// Whether the text may end here.
        boolean mayEnd() {
            return stacks.contains(end);
        }

        /// Whether it must.
        boolean mustEnd() {
            return mayEnd() && stacks.size() == 1;
        }

        /// The state after one more byte.
        State next(int value) {
            State known = next[value];
            if (known == null) {
                Set<Stack> after = new HashSet<>();
                for (Stack stack : stacks) {
                    if (stack.head instanceof Rule.OneOf set && set.has(value)) {
                        expand(stack.tail, after, new HashSet<>());
                    }
                }
                known = state(after);
                next[value] = known;
            }
            return known;
        }
    }

    private final Stack end = new Stack(null, null);
    private final Map<Set<Stack>, State> states = new HashMap<>();
    private final Rule start;

    Automaton(Rule start) {
        this.start = start;
    }

    State start() {
        Set<Stack> stacks = new HashSet<>();
        expand(end.push(start), stacks, new HashSet<>());
        return state(stacks);
    }

    private State state(Set<Stack> stacks) {
        if (states.size() >= MOST_STATES) {
            states.values().forEach(state -> {
                Arrays.fill(state.next, null);
                state.mask = null;
            });
            states.clear();
        }
        return states.computeIfAbsent(stacks, State::new);
    }

    /// Replaces the rule on top by what it is made of, until that is a byte or the end.
    ///
    /// @param seen what has been replaced already: a rule that is only itself leads nowhere
    private void expand(Stack stack, Set<Stack> result, Set<Stack> seen) {
        if (!seen.add(stack)) {
            return;
        }
        switch (stack.head) {
            case null -> result.add(stack);
            case Rule.OneOf _ -> result.add(stack);
            case Rule.Sequence sequence -> {
                Stack top = stack.tail;
                for (Rule part : sequence.parts.reversed()) {
                    top = top.push(part);
                }
                expand(top, result, seen);
            }
            case Rule.Choice choice -> choice.options.forEach(option -> expand(stack.tail.push(option), result, seen));
            case Rule.Later later -> expand(stack.tail.push(later.rule), result, seen);
        }
    }
}
