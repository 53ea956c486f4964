package llams.cli;

import java.util.ArrayList;
import java.util.List;
import llams.engine.generate.Generator;
import llams.engine.llama.Llama;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.Parameters;
import llams.engine.plan.Program;
import llams.engine.tensor.DType;
import llams.engine.weights.Quantization;
import llams.model.lora.LoraConfig;
import llams.trainer.run.Forecast;
import llams.trainer.run.TrainSettings;
import tools.jackson.databind.node.ObjectNode;

/// The memory that a model needs, for each use of it.
///
/// @param weights  in the types in which they are stored
/// @param isFrozen true for weights that cannot be trained, only adapters on them
record MemoryTable(LlamaConfig config, Parameters weights, boolean isFrozen) {
    private static final int TOKENS = 2048;

    private record Use(String name, String key, Program.Memory memory) {}

    void add(ObjectNode report, List<String> text) {
        ObjectNode all = report.putObject("memoryBytes");
        text.add(String.format("memory      %-26s %10s %10s %10s %10s", "for " + tokens() + " tokens", "weights",
                "state", "temporary", "together"));
        for (Use use : uses()) {
            Program.Memory memory = use.memory;
            all.putObject(use.key)
                    .put("weights", memory.weights())
                    .put("state", memory.state())
                    .put("temporaries", memory.temporaries());
            text.add(String.format("            %-26s %10s %10s %10s %10s%s", use.name,
                    MachineMemory.text(memory.weights()), MachineMemory.text(memory.state()),
                    MachineMemory.text(memory.temporaries()), MachineMemory.text(memory.total()),
                    MachineMemory.fits(memory) ? "" : "  (too much for this machine)"));
        }
        report.put("memoryTokens", tokens()).put("machineBytes", MachineMemory.machineBytes());
        if (!isFrozen) {
            text.add("            QLoRA: --weights nf4 --recompute; full, compact: --recompute --train-dtype bf16"
                    + " --optimizer adamw8bit --clip 0");
        }
        text.add("            this machine has " + MachineMemory.text(MachineMemory.machineBytes())
                + "; weights are mapped from their files and may exceed it, which is slow");
    }

    private int tokens() {
        return Math.min(TOKENS, config.maxPositions());
    }

    private List<Use> uses() {
        Llama model = Llama.of(config, weights, Llama.Wrap.NONE);
        TrainSettings lora = TrainSettings.standard().withLora(LoraConfig.standard()).withTokens(tokens());
        List<Use> uses = new ArrayList<>(List.of(
                new Use("generate", "generate", Generator.memory(model, tokens(), tokens())),
                new Use("LoRA of rank 8", "lora", Forecast.of(config, weights, lora)),
                new Use("LoRA, --recompute", "loraRecompute", Forecast.of(config, weights, lora.withRecompute(true)))));
        if (!isFrozen) {
            TrainSettings full = TrainSettings.full().withTokens(tokens());
            TrainSettings recompute = full.withRecompute(true);
            uses.add(new Use("QLoRA", "qlora",
                    Forecast.of(config, Quantization.NF4.leaves(weights), lora.withRecompute(true))));
            uses.add(new Use("full", "full", Forecast.of(config, weights, full)));
            uses.add(new Use("full, --recompute", "fullRecompute", Forecast.of(config, weights, recompute)));
            uses.add(new Use("full, compact", "fullCompact", Forecast.of(config, weights,
                    recompute.withOptimizer(full.optimizer().withEightBit(true).withWeights(DType.BF16).withClip(0)))));
        }
        return uses;
    }
}
