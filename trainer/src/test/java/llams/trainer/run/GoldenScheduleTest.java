package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import llams.engine.Golden;
import llams.trainer.optim.Schedule;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// Every schedule has the learning rates of the golden file, at every step.
class GoldenScheduleTest {
    private static final Path DIRECTORY = Golden.ROOT
            .resolve(System.getProperty("llams.golden2", "trainer/src/test/resources/golden2"))
            .normalize();

    @Test
    void everyCase() {
        JsonNode part = Golden.json(DIRECTORY.resolve("manifest.json")).path("parts").path("schedules");
        double tolerance = Golden.partOrSkip(part.path("tolerance"), "lr_rel").asDouble();
        JsonNode cases = Golden.json(DIRECTORY.resolve("schedules.json")).get("cases");
        assertTrue(cases.size() > 0);
        for (JsonNode one : cases) {
            Schedule schedule = new Schedule(shape(one), one.get("peak").asDouble(), one.get("warmup").asInt(),
                    one.get("total").asInt());
            for (int i = 0; i < one.get("steps").size(); i++) {
                int step = one.get("steps").get(i).asInt();
                double want = one.get("lr").get(i).asDouble();
                assertEquals(want, schedule.rate(step), tolerance * Math.abs(want), schedule + " at " + step);
            }
        }
    }

    private static Schedule.Shape shape(JsonNode one) {
        Schedule.Shape shape = Schedule.Shape.of(Schedule.Kind.named(one.get("kind").asString()))
                .withMinRatio(one.path("min_ratio").asDouble(0))
                .withTimescale(one.path("timescale").asInt(0));
        return one.has("decay")
                ? shape.withDecay(Schedule.Decay.named(one.get("decay").asString()), one.get("decay_steps").asInt())
                : shape;
    }
}
