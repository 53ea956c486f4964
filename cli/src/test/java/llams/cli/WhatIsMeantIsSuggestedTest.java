package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/// A name from another program, or a slip of the keyboard, is answered with this program's name; where nothing fits,
/// with none.
class WhatIsMeantIsSuggestedTest {
    @TempDir
    Path directory;

    @ParameterizedTest
    @CsvSource({"learning_rate, lr", "num_train_epochs, epochs", "epoch, epochs", "max_seq_length, tokens",
            "max_seq_len, tokens", "sequence_len, tokens", "cutoff_len, tokens", "per_device_train_batch_size, batch",
            "micro_batch_size, batch", "gradient_accumulation_steps, accumulate", "lora_r, rank", "r, rank",
            "lora_alpha, alpha", "lora_dropout, lora-dropout", "warmup_steps, warmup", "weight_decay, weight-decay",
            "output_dir, out", "model_name_or_path, model", "base_model, model", "dataset, data", "datasets, data",
            "iters, steps", "lr_scheduler_type, schedule", "max_grad_norm, clip", "gradient_checkpointing, recompute",
            "lora_target_modules, targets", "save_total_limit, keep", "val_file, eval-data", "warm-up, warmup",
            "eval_data, eval-data", "Learning-Rate, lr", "optimizer.lr, lr", "tokenisers, tokenizer",})
    void keysOfAnOptionsFile(String key, String meant) throws IOException {
        Path file = Files.writeString(directory.resolve("run.yaml"), "seed: 1\n" + key + ": 1\n");
        Llams run = Llams.run("train", "--config", file.toString());
        assertEquals(
                new Llams(1, "",
                        "llams: " + file + ":2: there is no option \"" + key + "\"; did you mean " + meant + "?\n"),
                run);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"wandb_project", "bf16_full_eval_foo", "trust_remote_code", "x", "flash_attention", "deepspeed"})
    void whereNothingFitsNothingIsSuggested(String key) throws IOException {
        Path file = Files.writeString(directory.resolve("run.yaml"), key + ": 1\n");
        Llams run = Llams.run("train", "--config", file.toString());
        assertTrue(run.err().endsWith("there is no option \"" + key + "\"\n"), run.err());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"generate -m m -p x --max_new_tokens 5 | --max-tokens",
                    "generate -m m -p x --temperature=0 | --temp",
                    "generate -m m -p x --n-predict 5      | --max-tokens",
                    "chat -m m --system-prompt x         | --system",
                    "chat -m m --ctx-size 4096             | --context", "train --learning-rate 1             | --lr",
                    "merge adapter --base-model b          | --base", "eval perplexity --model_path m      | --model",
                    "download a/b --local-dir x            | --to", "merge adapter --lora x              | --adapter",
                    "train --data a.txt --learning-rate 1  | --lr",
                    "data stats a.txt --tokenzier t       | --tokenizer",})
    void optionsOfACommand(String line, String meant) {
        Llams run = Llams.run(line.split(" "));
        assertEquals(2, run.code());
        assertTrue(run.err().contains("(did you mean " + meant + "?)"), run.err());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"chta      | did you mean chat?", "server    | did you mean serve?",
                    "run        | 'chat' talks with a model, 'generate'", "finetune  | did you mean train?",
                    "fine_tune  | did you mean train?", "convert   | models are read as they are",
                    "gguf       | did you mean export gguf?", "perplexity| did you mean eval perplexity?",
                    "benchmark  | did you mean bench?", "tokenise  | did you mean tokenize?",
                    "genrate    | did you mean generate?", "pull      | did you mean download?",
                    "help       | '--help' lists",})
    void commands(String word, String answer) {
        Llams run = Llams.run(word, "-m", "x");
        assertEquals(2, run.code());
        assertTrue(run.err().contains("(" + answer), run.err());
        assertEquals(1, run.err().lines().count());
    }

    @Test
    void aCommandThatNothingIsLikeGetsNoSuggestion() {
        assertFalse(Llams.run("xyzzy").err().contains("("), Llams.run("xyzzy").err());
        assertTrue(Llams.run("eval", "linear").err().contains("(one of perplexity, choice, language, summary,"),
                Llams.run("eval", "linear").err());
    }

    /// A suggestion must be something that can be typed.
    @Test
    void onlyWhatThereIsIsSuggested() {
        CommandLine root = Main.commandLine(System.in, System.out, System.err);
        Set<String> options = HelpFitsAndItsExamplesParseTest.commands()
                .flatMap(command -> command.getCommandSpec().options().stream())
                .map(option -> option.longestName().substring(2))
                .collect(Collectors.toSet());
        Suggestions.OPTIONS.values().forEach(names -> assertTrue(options.containsAll(names), names.toString()));
        Suggestions.COMMANDS.values().forEach(names -> {
            CommandLine at = root;
            for (String word : names.getFirst().split(" ")) {
                at = at.getSubcommands().get(word);
                assertTrue(at != null, names.toString());
            }
        });
    }
}
