package llams.cli;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import llams.trainer.data.Spelling;

/// What is meant by a name that this program does not have: what other programs call the same thing, or a slip of the
/// keyboard.
final class Suggestions {
    /// This program's names, each with those of Hugging Face's trainer and PEFT, torchtune, axolotl, mlx-lm, Unsloth
    /// and llama.cpp. Of several with the same foreign name, the first that a command has is meant.
    static final Map<String, List<String>> OPTIONS = byForeignName(
            """
                    base: base-model-name-or-path base-model model
                    model: model-name-or-path model-name model-path model-dir model-id base-model checkpoint checkpoint-dir
                    model: pretrained-model-name-or-path hf-path
                    tokenizer: tokenizer-name tokenizer-path tokenizer-name-or-path vocab-file
                    data: dataset datasets data-path dataset-path dataset-name dataset-file train-file train-data training-data
                    data: train-files data-files input inputs tasks
                    eval-data: eval-dataset eval-file validation-file validation-data valid-data val-data val-file test-data
                    eval-data: test-datasets dataset-val
                    out: output output-dir output-file output-path out-dir outfile save-path save-dir mlx-path
                    method: fine-tune-type finetuning-type train-type training-type
                    rank: r lora-r lora-rank lora-dim
                    alpha: lora-alpha
                    lora-dropout: dropout
                    targets: target-modules lora-target-modules lora-target lora-attn-modules lora-targets
                    rslora: use-rslora peft-use-rslora
                    tokens: max-seq-length max-seq-len seq-length seq-len sequence-len sequence-length max-length cutoff-len
                    tokens: block-size tokenizer.max-seq-len model-max-length
                    batch: batch-size per-device-train-batch-size micro-batch-size train-batch-size
                    accumulate: gradient-accumulation-steps grad-accumulation-steps grad-accum gradient-accumulation
                    accumulate: accumulation-steps
                    pack: packing packed sample-packing dataset.packed
                    steps: max-steps iters iterations num-steps num-train-steps train-steps max-steps-per-epoch n-steps
                    epochs: epoch num-train-epochs num-epochs n-epochs max-epochs train-epochs
                    lr: learning-rate learningrate max-lr optimizer.lr peak-lr
                    schedule: lr-scheduler lr-scheduler-type lr-schedule scheduler scheduler-type lr-decay-style
                    warmup: warmup-steps num-warmup-steps lr-warmup-steps warmup-iters warmup-ratio lr-scheduler.num-warmup-steps
                    weight-decay: wd adam-weight-decay optimizer.weight-decay
                    betas: beta1 beta2 adam-beta1 adam-beta2 beta-1 beta-2
                    clip: max-grad-norm grad-clip gradient-clip clip-grad-norm max-norm gradient-clipping
                    seed: random-seed random-state data-seed rng-seed
                    eval-every: eval-steps steps-per-eval eval-interval eval-freq evals-per-epoch
                    save-every: save-steps save-interval saves-per-epoch save-freq checkpoint-every
                    keep: save-total-limit keep-last max-checkpoints
                    recompute: gradient-checkpointing grad-checkpoint activation-checkpointing enable-activation-checkpointing
                    recompute: use-gradient-checkpointing
                    resume: resume-from-checkpoint resume-adapter-file auto-resume-from-checkpoints auto-resume continue
                    weights: load-in-8bit load-in-4bit qlora quantization quantize bits
                    optimizer: optim
                    adapter: adapter-path adapter-name-or-path lora lora-path lora-model-dir peft adapter-dir
                    device: gpu cuda use-cpu no-cuda n-gpu-layers device-map accelerator
                    threads: num-threads n-threads jobs num-proc num-workers
                    prompt: text
                    file: prompt-file input-file from-file
                    max-tokens: max-new-tokens n-predict predict num-predict max-gen-tokens max-gen-len max-output-tokens
                    max-tokens: max-completion-tokens num-tokens length
                    temp: temperature do-sample
                    stop: stop-sequence stop-sequences stop-strings reverse-prompt extra-eos-token
                    context: ctx-size n-ctx num-ctx context-size context-length max-kv-size max-model-len
                    system: system-prompt system-message sys
                    to: local-dir cache-dir target-dir
                    include: allow-patterns files pattern
                    revision: branch commit tag
                    token: hf-token auth-token use-auth-token
                    instruct: chat instruct-model chat-model
                    tuned: tuned-model finetuned finetuned-model fine-tuned
                    scale: weight ratio
                    vocab: vocab-size
                    dtype: torch-dtype type precision outtype bf16 fp16
                    to: output output-dir
                    max-tokens: max-length
                    context: max-length
                    file: input
                    method: lora
                    """);
    static final Map<String, List<String>> COMMANDS = byForeignName("""
            eval perplexity: perplexity ppl
            merge adapter: fuse merge-lora adapter
            merge chat-vector: chat-vector
            data stats: stats
            data kowiki: kowiki
            data pairs: pairs
            eval choice: choice
            generate: prompt complete infer inference predict
            train: finetune fine-tune tune lora sft pretrain
            bench: benchmark
            download: pull get fetch
            tokenize: encode decode detokenize
            info: show inspect
            init: new create
            quantize: quant
            devices: gpu
            export gguf: gguf to-gguf
            serve: server api
            upload: push
            """);
    /// What is there instead of commands that have no counterpart.
    private static final Map<String, String> INSTEAD = Map.ofEntries(
            Map.entry("run", "'chat' talks with a model, 'generate' continues a text"),
            Map.entry("convert",
                    "models are read as they are, from safetensors; 'export' and 'import' know other formats"),
            Map.entry("login", "'download' takes the token of HF_TOKEN or --token"),
            Map.entry("list", "'info DIR' shows a model"), Map.entry("ls", "'info DIR' shows a model"),
            Map.entry("help", "'--help' lists the commands"), Map.entry("version", "'--version' shows it"));

    private Suggestions() {}

    private static Map<String, List<String>> byForeignName(String table) {
        Map<String, List<String>> names = new HashMap<>();
        table.lines().map(line -> line.split(": ")).forEach(row -> {
            for (String foreign : row[1].split(" ")) {
                names.computeIfAbsent(foreign, key -> new ArrayList<>()).add(row[0]);
            }
        });
        return names;
    }

    /// The option that is meant.
    ///
    /// @param names those of the command, without dashes
    static Optional<String> option(String word, Collection<String> names) {
        String bare = normal(word.replaceFirst("^-+", "").replaceFirst("(?s)=.*", ""));
        if (names.contains(bare)) {
            return Optional.of(bare);
        }
        return OPTIONS.getOrDefault(bare, List.of())
                .stream()
                .filter(names::contains)
                .findFirst()
                .or(() -> Spelling.similar(bare, names));
    }

    /// What to say of a word where a command is wanted.
    ///
    /// @param names of the commands that there are
    static Optional<String> command(String word, Collection<String> names) {
        String bare = normal(word);
        if (INSTEAD.containsKey(bare)) {
            return Optional.of(INSTEAD.get(bare));
        }
        return COMMANDS.getOrDefault(bare, List.of())
                .stream()
                .findFirst()
                .or(() -> Spelling.similar(bare, names))
                .map(name -> "did you mean " + name + "?");
    }

    private static String normal(String word) {
        return word.toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
