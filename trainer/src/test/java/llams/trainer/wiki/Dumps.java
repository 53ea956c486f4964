package llams.trainer.wiki;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import llams.model.files.ByteProgress;
import llams.trainer.data.Sample;
import llams.trainer.data.SampleReader;

/// Dumps for tests, and what the training's reader finds in the result.
final class Dumps {
    static final String SMALL = export(
            page("한강", 0, "'''한강'''은 [[강]]이다.\n\n== 역사 ==\n옛날부터 흐른다.\n\n== 각주 ==\n<references/>"),
            page("틀:강", 10, "틀이다."), page("漢江", 0, "#넘겨주기 [[한강]]"),
            "<page><title>Han</title><ns>0</ns><redirect title=\"한강\"/><revision><text>#REDIRECT"
                    + " [[한강]]</text></revision></page>",
            page("표", 0, "{|\n| 칸\n|}"), page("=", 0, "등호이다.\n\n= 금강 =\n\n제목처럼 보이는 줄이 위에 있다."),
            page("A & \"B\"", 0, "이름에 기호가 있다."));

    private Dumps() {}

    static String page(String title, int namespace, String text) {
        return "<page><title>" + escaped(title) + "</title><ns>" + namespace
                + "</ns><id>1</id><revision><id>2</id><contributor>"
                + "<username>누구</username></contributor><model>wikitext</model><text bytes=\"9\""
                + " xml:space=\"preserve\">" + escaped(text) + "</text></revision></page>";
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&quot;");
    }

    static String export(String... pages) {
        return "<mediawiki xmlns=\"http://www.mediawiki.org/xml/export-0.11/\" version=\"0.11\" xml:lang=\"ko\">\n "
                + " <siteinfo><sitename>위키"
                + "</sitename><namespaces><namespace key=\"0\" case=\"first-letter\" /></namespaces></siteinfo>\n"
                + String.join("\n", pages) + "\n</mediawiki>\n";
    }

    /// A page's markup as the article's body.
    static String body(String markup) {
        return Article.body(Wikitext.text(markup), new LostSentences());
    }

    static KowikiText.Counts convert(Path out, Path... dump) throws IOException {
        return KowikiText.convert(List.of(dump), out, ByteProgress.SILENT);
    }

    /// The articles' first lines.
    static List<String> titles(Path file) throws IOException {
        List<String> titles = new ArrayList<>();
        SampleReader.read(file, sample -> titles.add(((Sample.Text) sample).text().lines().findFirst().orElseThrow()));
        return titles;
    }

    static List<Path> files(Path directory) throws IOException {
        try (var files = Files.list(directory)) {
            return files.sorted().toList();
        }
    }
}
