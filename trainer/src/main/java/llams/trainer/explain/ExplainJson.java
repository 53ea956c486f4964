package llams.trainer.explain;

import java.util.Locale;
import llams.engine.llama.LlamaConfig;
import llams.engine.plan.Explanation;
import llams.engine.plan.Explanation.Row;
import llams.engine.plan.Program;
import llams.trainer.watch.Machine;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// An explanation as one JSON object. Instructions have numbers from 0; times in the slab are those of groups of
/// instructions that run together, from 0.
public final class ExplainJson {
    private ExplainJson() {}

    public static ObjectNode of(Explained explained) {
        ObjectNode json = JsonMapper.shared().createObjectNode();
        json.put("title", explained.work().title())
                .put("model", model(explained.work().config()))
                .put("device", explained.device().name())
                .put("processor", Machine.processor());
        ArrayNode programs = json.putArray("programs");
        explained.parts().forEach(part -> add(programs.addObject(), explained, part));
        return json;
    }

    private static String model(LlamaConfig c) {
        return c.layers() + " layers, dim " + c.dim() + ", hidden dim " + c.hiddenDim() + ", " + c.heads()
                + " heads that share " + c.kvHeads() + ", vocabulary of " + c.vocab();
    }

    private static void add(ObjectNode json, Explained explained, Explained.Part part) {
        Program.Memory memory = part.program().memory();
        json.put("name", part.name())
                .put("flops", part.explanation().flops())
                .put("weightBytes", memory.weights())
                .put("stateBytes", memory.state())
                .put("slabBytes", part.program().slabBytes())
                .put("groups", part.explanation().groups());
        ArrayNode live = json.putArray("liveBytes");
        for (long bytes : part.explanation().liveBytes()) {
            live.add(bytes);
        }
        ArrayNode sections = json.putArray("sections");
        int number = 0;
        for (Explained.Section section : part.sections()) {
            ObjectNode one = sections.addObject();
            one.put("title", section.title())
                    .put("phase", section.phase().name().toLowerCase(Locale.ROOT))
                    .put("flops", section.flops())
                    .put("movedBytes", section.movedBytes());
            if (part.nanos() != null) {
                one.put("seconds", part.nanos(section.rows()) * 1e-9);
            }
            ArrayNode rows = one.putArray("rows");
            for (Row row : section.rows()) {
                add(rows.addObject().put("number", number++), explained, part, row);
            }
        }
    }

    private static void add(ObjectNode json, Explained explained, Explained.Part part, Row row) {
        json.put("group", row.group()).put("op", row.instruction().op().name()).put("name", row.name());
        ArrayNode reads = json.putArray("reads");
        for (int i = 0; i < row.reads().size(); i++) {
            reads.addObject()
                    .put("name", row.reads().get(i))
                    .put("type", row.instruction().inputs().get(i).type().toString());
        }
        ArrayNode results = json.putArray("results");
        for (Program.Place place : row.instruction().results()) {
            if (!(place instanceof Program.Unused)) {
                results.addObject().put("type", place.type().toString()).put("bytes", place.type().bytes());
            }
        }
        ArrayNode lives = json.putArray("lives");
        for (Explanation.Life life : row.lives()) {
            lives.addObject()
                    .put("name", life.name())
                    .put("offset", life.offsetBytes())
                    .put("bytes", life.bytes())
                    .put("from", life.from())
                    .put("to", life.to())
                    .put("isWorkspace", life.isWorkspace());
        }
        json.put("flops", row.cost().flops())
                .put("readBytes", row.cost().readBytes())
                .put("writtenBytes", row.cost().writtenBytes())
                .put("isRemade", row.isRemade());
        ArrayNode fused = json.putArray("fused");
        row.fused().forEach(fused::add);
        json.put("kernel", explained.file(row));
        if (part.nanos() != null && !row.instruction().isJoined()) {
            json.put("seconds", part.nanos(row) * 1e-9);
        }
    }
}
