package llams.model.card;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The licence of a model as its card states it.
///
/// @param id   as hubs list licences: `llama3`, `apache-2.0`; `other` if they do not; empty if nothing is said
/// @param name of a licence that is not listed, or empty
/// @param link to it, or empty
public record ModelLicence(String id, String name, String link) {
    static final ModelLicence UNKNOWN = new ModelLicence("", "", "");

    public static ModelLicence ofCard(Path card) throws IOException {
        return of(CardMetadata.ofCard(card));
    }

    static ModelLicence of(CardMetadata card) {
        return new ModelLicence(card.one("license"), card.one("license_name"), card.one("license_link"));
    }

    boolean isKnown() {
        return !id.isEmpty();
    }

    /// Whether it is the same licence, wherever it is linked.
    boolean isSame(ModelLicence other) {
        return id.equals(other.id) && name.equals(other.name);
    }

    /// As people call it.
    String text() {
        return isKnown() ? name.isEmpty() ? id : name : "not stated";
    }

    /// `3`, `3.1` and so on for Meta's licences of these versions of Llama; empty for any other.
    private Optional<String> llama() {
        String licence = id.equals("other") ? name : id;
        return licence.matches("llama-?3(\\.\\d)?")
                ? Optional.of(licence.replaceFirst("llama-?", ""))
                : Optional.empty();
    }

    /// What the name of a model must begin with that was made from this one, if the licence asks for that.
    public Optional<String> nameBegins() {
        return llama().map(version -> version.equals("3") ? "Llama 3" : "Llama");
    }

    /// What the licence wants to be shown with a model that was made from this one: Markdown, one paragraph each.
    List<String> terms() {
        List<String> terms = new ArrayList<>();
        llama().ifPresent(version -> {
            boolean isFirst = version.equals("3");
            String family = (isFirst ? "Meta " : "") + "Llama " + version;
            terms.add("**Built with " + (isFirst ? "Meta Llama 3" : "Llama") + "**");
            terms.add(family + " is licensed under the " + family
                    + " Community License, Copyright © Meta Platforms, Inc. All Rights Reserved.");
            terms.add(
                    "If you share this model or one made from it, the licence asks you to pass on a copy of the licence"
                            + " and the notice above in a file called Notice, to show the words \"Built with "
                            + (isFirst ? "Meta Llama 3" : "Llama") + "\", and to begin the model's name with \""
                            + (isFirst ? "Llama 3" : "Llama") + "\".");
        });
        return terms;
    }
}
