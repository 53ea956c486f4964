
/// jtokkit's side of the tokenizer comparison: how fast it encodes a text on one thread.
///
/// `java -cp jtokkit-1.1.0.jar JtokkitSide.java tokenizer.model TEXT...` measures it with the vocabulary of a file in
/// tiktoken's format; with `cl100k` in the file's place it measures jtokkit's own vocabulary, for which it has a
/// splitter written by hand.
final class JtokkitSide {
    private static final int CHARACTERS = 1 << 20;
    private static final double SECONDS = 3;
    private static final String PATTERN = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
            + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    public static void main(String[] args) throws Exception {
        Encoding encoding = encoding(args[0]);
        for (int i = 1; i < args.length; i++) {
            String text = Files.readString(Path.of(args[i]));
            text = text.substring(0, Math.min(CHARACTERS, text.length()));
            measure(encoding, text);
            double seconds = measure(encoding, text);
            int[] ids = encoding.encodeOrdinary(text).toArray();
            System.out.printf("%s: %.1f MB/s, %d ids, hash %d%n", args[i],
                    text.getBytes(StandardCharsets.UTF_8).length / seconds / 1e6, ids.length, Arrays.hashCode(ids));
        }
    }

    private static Encoding encoding(String vocabulary) throws Exception {
        EncodingRegistry registry = Encodings.newDefaultEncodingRegistry();
        if (vocabulary.equals("cl100k")) {
            return registry.getEncoding(EncodingType.CL100K_BASE);
        }
        Map<byte[], Integer> ranks = new HashMap<>();
        for (String line : Files.readAllLines(Path.of(vocabulary))) {
            int space = line.indexOf(' ');
            ranks.put(Base64.getDecoder().decode(line.substring(0, space)), Integer.valueOf(line.substring(space + 1)));
        }
        Pattern pattern = Pattern.compile(PATTERN, Pattern.UNICODE_CHARACTER_CLASS);
        return registry.registerGptBytePairEncoding(new GptBytePairEncodingParams("file", pattern, ranks, Map.of()))
                .getEncoding("file")
                .orElseThrow();
    }

    /// Seconds for one call.
    private static double measure(Encoding encoding, String text) {
        long begin = System.nanoTime();
        int calls = 0;
        while (System.nanoTime() - begin < SECONDS * 1e9) {
            encoding.encodeOrdinary(text);
            calls++;
        }
        return (System.nanoTime() - begin) / 1e9 / calls;
    }
}
