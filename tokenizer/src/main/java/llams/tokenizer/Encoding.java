package llams.tokenizer;

/// Ids together with their places in the text: token `i` covers the chars `[starts[i], ends[i])`. A token that holds
/// only a part of a character covers all of it, so that neighbours may overlap.
///
/// @param ids `[tokens]`
/// @param starts `[tokens]`, in `char`s of the text
/// @param ends `[tokens]`, in `char`s of the text
public record Encoding(int[] ids, int[] starts, int[] ends) {}
