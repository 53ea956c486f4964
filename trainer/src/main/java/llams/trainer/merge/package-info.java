/// Merges that are learned: a chat vector with a strength for every projection, found by gradient.
package llams.trainer.merge;
