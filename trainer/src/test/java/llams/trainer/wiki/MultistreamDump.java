package llams.trainer.wiki;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.IntFunction;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream;

/// A made dump as Wikipedia publishes them, `NAME-multistream.xml.bz2`, with its index beside it.
public final class MultistreamDump {
    public final Path file;
    public final Path index;
    /// First bytes of the streams of pages.
    public final List<Long> offsets = new ArrayList<>();
    private final ByteArrayOutputStream packed = new ByteArrayOutputStream();

    /// @param pages   of which some are redirects, of other namespaces, empty, or cost sentences
    /// @param aStream pages in each stream
    public MultistreamDump(Path directory, String name, int pages, int aStream, long seed) throws IOException {
        Random random = new Random(seed);
        this(directory, name, pages, aStream, page -> text(random, page));
    }

    /// @param texts of the pages
    public MultistreamDump(Path directory, String name, int pages, int aStream, IntFunction<String> texts)
            throws IOException {
        file = directory.resolve(name + "-multistream.xml.bz2");
        index = directory.resolve(name + "-multistream-index.txt.bz2");
        String[] export = Dumps.export("\n").split("\n\n\n");
        add(export[0] + "\n");
        StringBuilder lines = new StringBuilder();
        for (int from = 0; from < pages; from += aStream) {
            offsets.add((long) packed.size());
            StringBuilder stream = new StringBuilder();
            for (int i = from; i < Math.min(pages, from + aStream); i++) {
                String title = "제목: " + name + " " + i;
                stream.append(Dumps.page(title, i % 7 == 3 ? 10 : 0, texts.apply(i))).append('\n');
                lines.append(offsets.getLast()).append(':').append(i + 1).append(':').append(title).append('\n');
            }
            add(stream.toString());
        }
        add("</mediawiki>\n");
        Files.write(file, packed.toByteArray());
        Files.write(index, compressed(lines.toString()));
    }

    private static String text(Random random, int page) {
        if (page % 5 == 1) {
            return page % 2 == 0 ? "#넘겨주기 [[강]]" : "{{틀}}";
        }
        StringBuilder text = new StringBuilder("'''강 " + page + "'''은 [[강]]이다 \ud83c\udf0a &#55357; &amp;#55357;.\n");
        for (int s = random.nextInt(40); s > 0; s--) {
            text.append("길이는 ").append(random.nextInt(1000)).append(" km이다. ");
            text.append(s % 9 == 0 ? "{{모르는 틀 " + s + "}}이다.\n\n== 역사 ==\n" : "");
        }
        return text.toString();
    }

    private void add(String text) throws IOException {
        packed.write(compressed(text));
    }

    private static byte[] compressed(String text) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (BZip2CompressorOutputStream stream = new BZip2CompressorOutputStream(bytes, 1)) {
            stream.write(text.getBytes(StandardCharsets.UTF_8));
        }
        return bytes.toByteArray();
    }
}
