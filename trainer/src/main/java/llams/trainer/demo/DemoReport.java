package llams.trainer.demo;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// What the demo measured.
///
/// @param out    where everything lies
/// @param models in the order in which they were made
public record DemoReport(Path out, List<Model> models) {
    /// What every model is asked; no conversation that was trained on has these.
    static final List<String> QUESTIONS = List.of("What does the turtle eat?", "거북이는 무엇을 먹나요?");
    /// What every model is to complete.
    static final List<String> BEGINNINGS = List.of("마루 씨의 직업은");

    /// How much was right, letter by letter.
    public record Score(int right, int asked) {}

    /// One model.
    ///
    /// @param name    and the name of its directory
    /// @param losses  on held-out data, in nats per token
    /// @param scores  of held-out questions, of those that ask for an answer in the other language, and of sentences
    ///                about the village to complete
    /// @param answers to the demo's questions, and completions of its beginnings, by what was given
    public record Model(String name, Map<String, Double> losses, Map<String, Score> scores,
            Map<String, String> answers) {}

    /// All figures and answers as one JSON object.
    public String toJson() {
        JsonMapper json = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
        ObjectNode root = json.createObjectNode();
        for (Model model : models) {
            ObjectNode node = root.putObject(model.name);
            ObjectNode losses = node.putObject("losses");
            model.losses.forEach(losses::put);
            ObjectNode scores = node.putObject("scores");
            model.scores.forEach(
                    (topic, score) -> scores.putObject(topic).put("right", score.right).put("asked", score.asked));
            ObjectNode answers = node.putObject("answers");
            model.answers.forEach(answers::put);
        }
        return json.writeValueAsString(root) + "\n";
    }
}
