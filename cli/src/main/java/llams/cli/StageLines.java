package llams.cli;

import java.io.PrintStream;
import java.util.Locale;
import llams.trainer.recipe.RecipeRun;
import llams.trainer.recipe.StagePlan;
import llams.trainer.recipe.StageRecord;

/// A line when a stage of a recipe begins; what its command says follows.
record StageLines(PrintStream err) implements RecipeRun.Listener {
    @Override
    public void begins(StagePlan stage, int number, int stages) {
        err.printf("== %d/%d %s: %s (%s)%n", number, stages, stage.stage().name(), stage.stage().kind(), stage.why());
    }

    @Override
    public void ends(StageRecord stage) {
        err.printf(Locale.ROOT, "   done in %.1f s, %s%n", stage.seconds(), MachineMemory.text(stage.bytes()));
    }
}
