package llams.trainer.data;

/// Two answers to one prompt, each a document with it; of both, only the answer counts.
public record PreferencePair(Document chosen, Document rejected) {
    /// Of both documents.
    long tokens() {
        return (long) chosen.ids().length + rejected.ids().length;
    }
}
