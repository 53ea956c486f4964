package llams.server;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import llams.server.grammar.TokenTrie;

/// All models of a server, which have one shape.
///
/// @param created seconds since 1970, which clients want to know
record ServedModels(List<ServedModel> models, int vocab, long created, Map<String, TokenTrie> tries) {
    ServedModels(List<ServedModel> models, int vocab) {
        this(models, vocab, System.currentTimeMillis() / 1000, new ConcurrentHashMap<>());
    }

    /// A model's tokens as a tree; made when first asked for.
    TokenTrie trie(ServedModel model) {
        return tries.computeIfAbsent(model.name(), _ -> TokenTrie.of(model.text().tokenizer()));
    }

    /// @param name null for the only one there is
    /// @throws ApiException if there is none of this name
    ServedModel named(String name) {
        if (name == null && models.size() == 1) {
            return models.getFirst();
        }
        if (name == null) {
            throw ApiException.invalid("model", "model is missing; there are: " + String.join(", ", names()));
        }
        for (ServedModel model : models) {
            if (model.name().equals(name)) {
                return model;
            }
        }
        throw ApiException.noSuchModel(name, names());
    }

    List<String> names() {
        return models.stream().map(ServedModel::name).toList();
    }
}
