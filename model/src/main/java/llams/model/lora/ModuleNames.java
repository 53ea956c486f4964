package llams.model.lora;

import java.util.List;

/// The modules that a field of a PEFT config names.
sealed interface ModuleNames {
    boolean has(String module);

    /// Every projection of every layer: PEFT's `all-linear`, which leaves the output head out.
    record AllLinear() implements ModuleNames {
        @Override
        public boolean has(String module) {
            return module.startsWith("model.layers.");
        }
    }

    /// Whole names, or their ends: `q_proj`, `self_attn.q_proj`, `model.layers.0.self_attn.q_proj`.
    record Listed(List<String> names) implements ModuleNames {
        @Override
        public boolean has(String module) {
            return names.stream().anyMatch(name -> isNamed(name, module));
        }

        static boolean isNamed(String name, String module) {
            return module.equals(name) || module.endsWith("." + name);
        }
    }

    /// Those whose whole name the pattern matches.
    record Matching(PythonPattern pattern) implements ModuleNames {
        @Override
        public boolean has(String module) {
            return pattern.matchesAll(module);
        }
    }
}
