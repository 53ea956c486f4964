package llams.trainer.replay;

import java.util.Date;
import java.util.Map;
import llams.model.card.ProgramVersion;
import llams.trainer.watch.Html;

/// What was seen as a page: the text token by token, and what the model did with it, forward and backward.
public final class ReplayPage {
    private ReplayPage() {}

    public static String of(Replayed seen) {
        Html html = new Html(seen.title(), Html.resource(ReplayPage.class, "replay.css"));
        html.add("<header><h1>%s</h1></header>\n<div class=\"tiles\">\n", Html.text(seen.title()));
        for (Map.Entry<String, String> fact : seen.summary().entrySet()) {
            html.add("<div class=\"tile\"><b>%s</b><span>%s</span></div>\n", Html.text(fact.getKey()),
                    Html.text(fact.getValue()));
        }
        html.add("</div>\n<noscript><p>This page needs JavaScript; <code>llams replay</code> without"
                + " <code>--html</code> prints a table.</p></noscript>\n<main id=\"seen\"></main>\n");
        html.data("replayed", ReplayJson.of(seen).toString());
        html.code(Html.resource(ReplayPage.class, "replay.js"));
        html.add("<footer>LLaMS %s, written %tF %<tR</footer>\n", Html.text(ProgramVersion.of(ReplayPage.class)),
                new Date());
        return html.end();
    }
}
