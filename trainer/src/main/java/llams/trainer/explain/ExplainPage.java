package llams.trainer.explain;

import java.util.Date;
import llams.model.card.ProgramVersion;
import llams.trainer.watch.Html;
import tools.jackson.databind.node.ObjectNode;

/// An explanation as a page: what a program keeps in memory over time, and its instructions, folded by layer.
public final class ExplainPage {
    private ExplainPage() {}

    public static String of(Explained explained) {
        ObjectNode json = ExplainJson.of(explained);
        Html html = new Html(explained.work().title(), Html.resource(ExplainPage.class, "explain.css"));
        html.add("<header><h1>%s</h1></header>\n<p>%s. Kernels of the device <b>%s</b>.</p>\n",
                Html.text(explained.work().title()), Html.text(json.get("model").asString()),
                Html.text(explained.device().name()));
        html.add("<noscript><p>This page needs JavaScript; <code>llams explain</code> without <code>--html</code>"
                + " prints a table.</p></noscript>\n<main id=\"programs\"></main>\n");
        html.data("explained", json.toString());
        html.code(Html.resource(ExplainPage.class, "explain.js"));
        html.add("<footer>LLaMS %s on %s, written %tF %<tR</footer>\n", Html.text(ProgramVersion.of(ExplainPage.class)),
                Html.text(json.get("processor").asString()), new Date());
        return html.end();
    }
}
