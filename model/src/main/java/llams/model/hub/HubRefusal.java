package llams.model.hub;

/// Why a hub refuses something, and what to do about it. Its `X-Error-Code` decides: status 401 is also given for what
/// does not exist.
final class HubRefusal {
    private HubRefusal() {}

    /// @param what the requested file or model
    static HubException of(Http.Answer answer, HubModel model, HubToken tokenOrNull, String what) {
        int status = answer.status();
        if (!answer.fromHub()) {
            // The server of the bytes knows nothing of models and accounts.
            return new HubException(what + ": " + answer.response().uri().getHost() + ", to which the hub"
                    + " redirects, answers " + status);
        }
        String give = give(model);
        String holder = tokenOrNull == null ? "" : "the account of the token from " + tokenOrNull.source;
        String said = answer.header("X-Error-Message").map(message -> ": " + message).orElse("");
        return new HubException(model.page() + ": " + switch (answer.header("X-Error-Code").orElse("")) {
            case "GatedRepo" -> tokenOrNull == null
                    ? "this model is gated: accept its licence on that page, then " + give
                    : "this model is gated, and " + holder + " has no access to it: accept the licence on that page"
                            + " with this account; a fine-grained token must allow gated repositories";
            case "RepoNotFound" -> tokenOrNull == null
                    ? "there is no such model, or it is private: check the name; for a private one " + give
                    : "there is no such model, or " + holder + " may not see it: check the name";
            case "RevisionNotFound" -> "there is no revision \"" + model.revision() + "\"; the page lists branches"
                    + " and tags, the usual one is main";
            case "EntryNotFound" -> "there is no file " + what + " at this commit, though the hub lists it; try again";
            case "DisabledRepo" -> "the hub has disabled this model" + said;
            default -> status == 401 || status == 403
                    ? (tokenOrNull == null
                            ? "the hub asks for a token (" + status + said + "): " + give
                            : "the token from " + tokenOrNull.source + " is not accepted (" + status + said
                                    + "): make a new one at " + model.endpoint() + "/settings/tokens")
                    : "the answer to " + answer.response().uri() + " is " + status + said;
        });
    }

    /// @param what the file that is sent, or the model
    /// @param said by the hub; may be empty
    static HubException ofUpload(Http.Answer answer, HubModel model, HubToken token, String what, String said) {
        int status = answer.status();
        String words = said.isEmpty() ? answer.header("X-Error-Message").orElse("") : said;
        String why = words.isEmpty() ? String.valueOf(status) : status + ": " + words;
        return new HubException(model.page() + ": " + switch (answer.header("X-Error-Code").orElse("")) {
            case "RevisionNotFound" ->
                "there is no revision \"" + model.revision() + "\" to upload to; the usual one" + " is main";
            case "DisabledRepo" -> "the hub has disabled this model (" + why + ")";
            default -> switch (status) {
                case 401 -> "the token from " + token.source + " is not accepted (" + why + "): make a new one at "
                        + model.endpoint() + "/settings/tokens";
                case 403, 404 -> "the token from " + token.source + " may not write there (" + why + "): it must allow"
                        + " writing, and its account must be, or belong to, " + model.repo().replaceFirst("/.*", "");
                default -> "the hub does not take " + what + " (" + why + ")";
            };
        });
    }

    static String give(HubModel model) {
        return "give a token (made at " + model.endpoint() + "/settings/tokens) with `token`, in HF_TOKEN or in"
                + " ~/.cache/huggingface/token";
    }
}
