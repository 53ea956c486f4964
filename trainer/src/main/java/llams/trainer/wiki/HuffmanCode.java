package llams.trainer.wiki;

/// A canonical Huffman code, as bzip2 has them: shorter codes come first, then smaller symbols.
///
/// @param end    of each length, the first code that is longer, as if it had [#LONGEST] bits; ascending
/// @param offset of each length, what to add to a code for its place in `sorted`
/// @param sorted the symbols in the order of their codes
/// @param quick  for the first bits of a code, what [#find] answers; 0 if the code is longer
record HuffmanCode(int[] end, int[] offset, int[] sorted, short[] quick) {
    static final int LONGEST = 20;
    /// Of an answer of [#find]: the bits of the length, and where the symbol begins.
    static final int LENGTH = 31;
    static final int SHIFT = 5;
    private static final int QUICK = 10;

    /// @param lengths of each symbol's code, 1 to [#LONGEST] bits
    static HuffmanCode of(byte[] lengths) {
        int[] end = new int[LONGEST + 1];
        int[] offset = new int[LONGEST + 1];
        int[] sorted = new int[lengths.length];
        int code = 0;
        int index = 0;
        for (int length = 1; length <= LONGEST; length++) {
            offset[length] = index - code;
            for (int symbol = 0; symbol < lengths.length; symbol++) {
                if (lengths[symbol] == length) {
                    sorted[index++] = symbol;
                    code++;
                }
            }
            end[length] = code << LONGEST - length;
            code <<= 1;
        }
        HuffmanCode made = new HuffmanCode(end, offset, sorted, new short[1 << QUICK]);
        for (int start = 0; start < made.quick.length; start++) {
            int found = made.search(start << LONGEST - QUICK);
            made.quick[start] = (found & LENGTH) <= QUICK ? (short) found : 0;
        }
        return made;
    }

    /// The symbol, with its code's length in the low bits; 0 if no code is like that.
    ///
    /// @param ahead the next [#LONGEST] bits
    int find(int ahead) {
        int found = quick[ahead >>> LONGEST - QUICK];
        return found != 0 ? found : search(ahead);
    }

    private int search(int ahead) {
        for (int length = 1; length <= LONGEST; length++) {
            if (ahead < end[length]) {
                int index = (ahead >>> LONGEST - length) + offset[length];
                // Lengths that no code can have, in a damaged file, lead outside.
                return index >= 0 && index < sorted.length ? sorted[index] << SHIFT | length : 0;
            }
        }
        return 0;
    }
}
