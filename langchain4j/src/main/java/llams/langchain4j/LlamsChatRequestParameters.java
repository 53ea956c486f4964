package llams.langchain4j;

import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.DefaultChatRequestParameters;
import java.util.Objects;

/// LangChain4j's parameters of a request, with two more.
public final class LlamsChatRequestParameters extends DefaultChatRequestParameters {
    /// Everything as the model's makers suggest.
    public static final LlamsChatRequestParameters EMPTY = builder().build();

    private final Double minP;
    private final Long seed;

    private LlamsChatRequestParameters(Builder builder) {
        super(builder);
        this.minP = builder.minP;
        this.seed = builder.seed;
    }

    /// Only tokens at least so many times as probable as the best; null for what the model's makers suggest.
    public Double minP() {
        return minP;
    }

    /// The same seed repeats the choices; null for another one each time.
    public Long seed() {
        return seed;
    }

    @Override
    public LlamsChatRequestParameters overrideWith(ChatRequestParameters others) {
        return builder().overrideWith(this).overrideWith(others).build();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof LlamsChatRequestParameters that && super.equals(other)
                && Objects.equals(minP, that.minP) && Objects.equals(seed, that.seed);
    }

    @Override
    public int hashCode() {
        return Objects.hash(super.hashCode(), minP, seed);
    }

    @Override
    public String toString() {
        return super.toString() + "{minP=" + minP + ", seed=" + seed + "}";
    }

    public static Builder builder() {
        return new Builder();
    }

    /// Sets parameters one by one.
    public static final class Builder extends DefaultChatRequestParameters.Builder<Builder> {
        private Double minP;
        private Long seed;

        private Builder() {}

        @Override
        public Builder overrideWith(ChatRequestParameters others) {
            super.overrideWith(others);
            if (others instanceof LlamsChatRequestParameters own) {
                minP = own.minP == null ? minP : own.minP;
                seed = own.seed == null ? seed : own.seed;
            }
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
        public LlamsChatRequestParameters build() {
            return new LlamsChatRequestParameters(this);
        }
    }
}
