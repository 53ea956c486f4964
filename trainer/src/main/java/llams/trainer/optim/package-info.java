/// From gradients to new weights.
///
/// | file | what it does |
/// |---|---|
/// | `Optimizer` | AdamW with clipping, as a program that ends a step |
/// | `Schedule` | the learning rate of each step |
package llams.trainer.optim;
