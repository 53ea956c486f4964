package llams.cli;

import java.util.Arrays;
import java.util.Iterator;
import java.util.Locale;
import java.util.stream.Stream;
import llams.engine.llama.ProjectionName;
import llams.engine.weights.KnownShapes;
import llams.model.chat.TrainOn;
import llams.trainer.data.SpecialText;
import llams.trainer.optim.Schedule;
import llams.trainer.pairs.Api;

/// Values that shell completion offers for options that also take other values, or lists.
final class CompletionValues {
    private CompletionValues() {}

    static final class Schedules implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return names(Schedule.Kind.values());
        }
    }

    static final class Decays implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return names(Schedule.Decay.values());
        }
    }

    static final class Projections implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return names(ProjectionName.values());
        }
    }

    static final class Specials implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return names(SpecialText.values());
        }
    }

    static final class TrainOns implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return names(TrainOn.values());
        }
    }

    static final class Apis implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return names(Api.values());
        }
    }

    static final class ModelNames implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return KnownShapes.BY_NAME.keySet().iterator();
        }
    }

    private static Iterator<String> names(Enum<?>[] values) {
        Stream<String> names = Arrays.stream(values).map(value -> value.toString().toLowerCase(Locale.ROOT));
        return names.iterator();
    }
}
