package llams.trainer.eval;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import llams.model.files.DataException;
import llams.model.text.Conversation;
import llams.model.text.GenerateOptions;
import llams.model.text.TextGenerator;
import llams.trainer.data.JsonLine;
import llams.trainer.data.Lines;
import llams.trainer.data.ScriptWords;
import tools.jackson.databind.node.ObjectNode;

/// How often a model answers in the wrong language, by the script of each line, as in the line-level measure of Marchisio
/// et al. 2024 (Understanding and Mitigating Language Confusion in LLMs). Every question is asked in Korean and in
/// English, and each of them is to be answered in both: in its own language without a word about it, in the other
/// because the question asks for that.
public final class LanguageConfusion {
    /// A language, as codes have it.
    public enum Language {
        EN, KO
    }

    /// In which language is asked, and in which is to be answered.
    public record Direction(Language question, Language answer) {
        /// Each question in each language to be answered in both.
        public static final List<Direction> ALL = List.of(new Direction(Language.EN, Language.EN),
                new Direction(Language.EN, Language.KO), new Direction(Language.KO, Language.EN),
                new Direction(Language.KO, Language.KO));
    }

    /// A question in both languages.
    public record Question(String en, String ko) {
        /// Reads JSONL with `{"q_ko": ..., "q_en": ...}` a line, as pairs have it; other keys are
        /// ignored.
        ///
        /// @throws DataException if a line lacks one of them, or there are none
        public static List<Question> read(Path file) throws IOException {
            List<Question> questions = new ArrayList<>();
            try (Lines lines = Lines.open(file)) {
                for (String line = lines.next(); line != null; line = lines.next()) {
                    if (!line.isBlank()) {
                        ObjectNode row = JsonLine.parse(line, lines.place());
                        questions.add(new Question(JsonLine.text(row, "q_en", lines.place()),
                                JsonLine.text(row, "q_ko", lines.place())));
                    }
                }
            }
            if (questions.isEmpty()) {
                throw new DataException(file + ": no question in it; wanted lines like {\"q_ko\": ..., \"q_en\": ...}");
            }
            return questions;
        }

        /// What the model is told.
        String asked(Direction direction) {
            String question = direction.question == Language.EN ? en : ko;
            if (direction.question == direction.answer) {
                return question;
            }
            return question + (direction.question == Language.EN ? " Answer in Korean." : " 영어로 답해 주세요.");
        }
    }

    /// An answer of a model.
    public record Answer(Direction direction, String asked, String text) {}

    /// What the answers of one direction come to. Lines without words, such as numbers and code, are in no language.
    ///
    /// @param answers    that have a line with words
    /// @param wrong      of these, with a line in the wrong language
    /// @param lines      with words
    /// @param wrongLines in the wrong language
    /// @param wordless   answers without a line with words
    public record Score(Direction direction, int answers, int wrong, int lines, int wrongLines, int wordless) {
        /// The share of answers with a line in the wrong language; 0 if there are none.
        public double share() {
            return (double) wrong / Math.max(1, answers);
        }

        /// Its standard error, with the questions as a sample of many.
        public double error() {
            return Math.sqrt(share() * (1 - share()) / Math.max(1, answers - 1));
        }
    }

    private LanguageConfusion() {}

    /// Has each question answered in each direction, every one in a conversation of its own.
    ///
    /// @param heard receives each answer as it comes
    /// @throws IllegalArgumentException if the model has no tokenizer or chat format, or a question does not fit its
    ///     context
    public static List<Answer> ask(TextGenerator model, List<Question> questions, GenerateOptions options,
            Consumer<Answer> heard) {
        List<Answer> answers = new ArrayList<>();
        for (Question question : questions) {
            for (Direction direction : Direction.ALL) {
                String asked = question.asked(direction);
                try (Conversation conversation = model.converse(null, options)) {
                    Answer answer = new Answer(direction, asked, conversation.say(asked));
                    answers.add(answer);
                    heard.accept(answer);
                }
            }
        }
        return answers;
    }

    /// The score of each direction, in the order of [Direction#ALL].
    public static List<Score> scores(List<Answer> answers) {
        return Direction.ALL.stream()
                .map(direction -> score(direction,
                        answers.stream().filter(answer -> answer.direction.equals(direction)).toList()))
                .toList();
    }

    private static Score score(Direction direction, List<Answer> answers) {
        int wrong = 0;
        int lines = 0;
        int wrongLines = 0;
        int wordless = 0;
        for (Answer answer : answers) {
            int linesBefore = lines;
            int wrongBefore = wrongLines;
            for (ScriptWords words : lines(answer.text)) {
                lines++;
                wrongLines += isIn(direction.answer, words) ? 0 : 1;
            }
            wordless += lines == linesBefore ? 1 : 0;
            wrong += wrongLines > wrongBefore ? 1 : 0;
        }
        return new Score(direction, answers.size() - wordless, wrong, lines, wrongLines, wordless);
    }

    /// Names and terms in the other script are no confusion, as long as they are not more than half of a line's words.
    private static boolean isIn(Language language, ScriptWords words) {
        return switch (language) {
            case EN -> words.isLatin();
            case KO -> words.isKorean();
        };
    }

    /// The words of each line that has any, without code and addresses.
    private static List<ScriptWords> lines(String answer) {
        return answer.replaceAll("(?s)```.*?(```|$)", "\n")
                .replaceAll("`[^`\n]*`|https?://\\S+", " ")
                .lines()
                .map(ScriptWords::of)
                .filter(words -> words.all() > 0)
                .toList();
    }
}
