package llams.trainer.recipe;

import llams.trainer.distributed.Collective;
import llams.trainer.distributed.Texts;

/// The workers of a recipe's run. The first one does what there is to do; the others wait to be told which stage all of
/// them do together.
record RecipeWorkers(Collective collective) {
    /// What the first worker tells the others.
    ///
    /// @param stage its name; empty at the end of the run
    /// @param value at the end the exit code; else whether the stage is resumed, 1 or 0
    record Order(String stage, int value) {
        boolean isEnd() {
            return stage.isEmpty();
        }

        boolean isResumed() {
            return value != 0;
        }
    }

    /// At the first worker: a stage begins.
    void tell(String stage, boolean resume) {
        exchange(new Order(stage, resume ? 1 : 0));
    }

    /// At the first worker: nothing is left to do.
    void end(int exitCode) {
        exchange(new Order("", exitCode));
        collective.close();
    }

    /// At the others, however long it takes until there is something to be told.
    Order hear() {
        return exchange(new Order("", 0));
    }

    private Order exchange(Order own) {
        collective.await(0);
        String told = Texts.told(collective, own.value + " " + own.stage, 0);
        int space = told.indexOf(' ');
        return new Order(told.substring(space + 1), Integer.parseInt(told.substring(0, space)));
    }
}
