package llams.trainer.run;

/// What the model wrote after a step.
public record Sample(String prompt, String text) {}
