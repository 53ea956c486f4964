package llams.model.lora;

import java.util.Collections;
import java.util.Set;
import java.util.TreeSet;
import llams.model.files.SettingException;

/// What an adapter is besides its matrices.
///
/// @param dora  true for the weight-decomposed form (arXiv 2402.09353): each row of an adapted weight has a trained
///              length
/// @param saved modules that are trained whole, as copies: of [Modules#EMBEDDING] and [Modules#HEAD]
/// @param tying true if a head that is the table of tokens follows what the adapter does to that
///              (`ensure_weight_tying`)
public record LoraForm(boolean dora, Set<String> saved, boolean tying) {
    public static final LoraForm PLAIN = new LoraForm(false, Set.of(), false);

    public LoraForm {
        saved = Collections.unmodifiableSortedSet(new TreeSet<>(saved));
    }

    public LoraForm withDora(boolean decomposed) {
        return new LoraForm(decomposed, saved, tying);
    }

    public LoraForm withSaved(Set<String> modules) {
        return new LoraForm(dora, modules, tying);
    }

    public LoraForm withTying(boolean follows) {
        return new LoraForm(dora, saved, follows);
    }

    /// @throws SettingException if a module that is trained whole, or is no projection, is to have what only projections
    ///                          have
    void check(Set<String> adapted) {
        for (String module : saved) {
            SettingException.check(Modules.ENDS.contains(module), "saved", module, String.join(" or ", Modules.ENDS));
            SettingException.check(!adapted.contains(module), "saved", module, "no target of the adapter too");
        }
        for (String module : Modules.ENDS) {
            SettingException.check(!dora || !adapted.contains(module), "dora", true,
                    "left out for an adapter on " + module);
        }
    }
}
