package llams.trainer.task;

import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/// The mean over all classes of `F1 = 2 hits / (2 hits + false alarms + misses)`, where a class is the place of a choice
/// in its list. A class that is neither right nor picked anywhere does not count. It is what KoBEST's figures are given
/// in: a model that always says the same has a low one even where that is often right.
final class MacroF1 {
    private MacroF1() {}

    static double of(List<Answered> answers) {
        SortedSet<Integer> classes = new TreeSet<>();
        for (Answered answer : answers) {
            classes.add(answer.question().right());
            classes.add(answer.pick());
        }
        return classes.stream().mapToDouble(one -> f1(answers, one)).average().orElse(0);
    }

    private static double f1(List<Answered> answers, int one) {
        int hits = 0;
        int wrong = 0;
        for (Answered answer : answers) {
            boolean isRight = answer.question().right() == one;
            boolean isPicked = answer.pick() == one;
            hits += isRight && isPicked ? 1 : 0;
            wrong += isRight != isPicked ? 1 : 0;
        }
        return 2.0 * hits / (2 * hits + wrong);
    }
}
