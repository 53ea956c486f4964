/// A training step or a text, computed again to be looked at: attention, the residual stream, the logit lens, gradients
/// and what the optimizer changed.
package llams.trainer.replay;
