package llams.springai;

import java.util.Objects;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.model.tool.DefaultToolCallingChatOptions;
import org.springframework.ai.model.tool.StructuredOutputChatOptions;
import org.springframework.ai.model.tool.ToolCallingChatOptions;

/// Spring AI's options of a request with tools and a JSON schema for the answer, and two more.
public final class LlamsChatOptions extends DefaultToolCallingChatOptions implements StructuredOutputChatOptions {
    private final String outputSchema;
    private final Double minP;
    private final Long seed;

    private LlamsChatOptions(ToolCallingChatOptions usual, String outputSchema, Double minP, Long seed) {
        super(usual.getToolCallbacks(), usual.getToolContext(), usual.getModel(), usual.getFrequencyPenalty(),
                usual.getMaxTokens(), usual.getPresencePenalty(), usual.getStopSequences(), usual.getTemperature(),
                usual.getTopK(), usual.getTopP());
        this.outputSchema = outputSchema;
        this.minP = minP;
        this.seed = seed;
    }

    /// What the answer must satisfy; null for text.
    @Override
    public String getOutputSchema() {
        return outputSchema;
    }

    /// Only tokens at least so many times as probable as the best; null for what the model's makers suggest.
    public Double getMinP() {
        return minP;
    }

    /// The same seed repeats the choices; null for another one each time.
    public Long getSeed() {
        return seed;
    }

    @Override
    public Builder mutate() {
        Builder builder = new Builder().toolCallbacks(getToolCallbacks())
                .toolContext(getToolContext())
                .model(getModel())
                .maxTokens(getMaxTokens())
                .stopSequences(getStopSequences())
                .temperature(getTemperature())
                .topK(getTopK())
                .topP(getTopP())
                .frequencyPenalty(getFrequencyPenalty())
                .presencePenalty(getPresencePenalty());
        return builder.outputSchema(outputSchema).minP(minP).seed(seed);
    }

    @Override
    public boolean equals(Object other) {
        return super.equals(other) && other instanceof LlamsChatOptions that
                && Objects.equals(outputSchema, that.outputSchema) && Objects.equals(minP, that.minP)
                && Objects.equals(seed, that.seed);
    }

    @Override
    public int hashCode() {
        return Objects.hash(super.hashCode(), outputSchema, minP, seed);
    }

    public static Builder builder() {
        return new Builder();
    }

    /// Sets options one by one.
    public static final class Builder extends DefaultToolCallingChatOptions.Builder<Builder>
            implements
                StructuredOutputChatOptions.Builder<Builder> {
        private String outputSchema;
        private Double minP;
        private Long seed;

        private Builder() {}

        @Override
        public Builder outputSchema(String schema) {
            outputSchema = schema;
            return this;
        }

        public Builder minP(Double value) {
            minP = value;
            return this;
        }

        public Builder seed(Long value) {
            seed = value;
            return this;
        }

        @Override
        public Builder clone() {
            Builder copy = super.clone();
            copy.outputSchema = outputSchema;
            copy.minP = minP;
            copy.seed = seed;
            return copy;
        }

        /// What the others set goes before what is set here.
        @Override
        public Builder combineWith(ChatOptions.Builder<?> others) {
            super.combineWith(others);
            if (others.build() instanceof StructuredOutputChatOptions structured
                    && structured.getOutputSchema() != null) {
                outputSchema = structured.getOutputSchema();
            }
            if (others instanceof Builder own) {
                minP = own.minP == null ? minP : own.minP;
                seed = own.seed == null ? seed : own.seed;
            }
            return this;
        }

        @Override
        public LlamsChatOptions build() {
            return new LlamsChatOptions(super.build(), outputSchema, minP, seed);
        }
    }
}
