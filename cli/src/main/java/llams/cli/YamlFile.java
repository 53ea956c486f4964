package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import llams.model.files.DataException;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.events.DocumentStartEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.events.MappingEndEvent;
import org.snakeyaml.engine.v2.events.MappingStartEvent;
import org.snakeyaml.engine.v2.events.ScalarEvent;
import org.snakeyaml.engine.v2.events.SequenceEndEvent;
import org.snakeyaml.engine.v2.events.SequenceStartEvent;
import org.snakeyaml.engine.v2.events.StreamEndEvent;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.parser.ParserImpl;
import org.snakeyaml.engine.v2.scanner.StreamReader;

/// A YAML file of keys that have a value or a list of values. It is read event by event: what is nested deeper, or
/// repeated by reference, is refused where it begins, before it can take memory or stack.
final class YamlFile {
    /// A key with what it has.
    ///
    /// @param values as they are written; none for null
    /// @param place  where it stands, as `FILE:LINE`
    record Entry(String key, List<String> values, boolean isList, String place) {}

    private static final int MOST_BYTES = 1 << 20;
    private static final String WANTED = "wanted lines like 'lr: 3e-4'";

    private final String name;
    private final Iterator<Event> events;

    private YamlFile(String name, String text) {
        this.name = name;
        LoadSettings settings = LoadSettings.builder().build();
        this.events = new ParserImpl(settings, new StreamReader(settings, text));
    }

    /// @throws DataException if it is anything else; says where
    static List<Entry> read(Path file) throws IOException {
        return parse(file.toString(), TextFile.read(file, MOST_BYTES));
    }

    /// The entries of a text.
    ///
    /// @param name for messages
    /// @throws DataException as [#read] does
    static List<Entry> parse(String name, String text) {
        try {
            return new YamlFile(name, text).entries();
        } catch (MarkedYamlEngineException e) {
            Mark at = e.getProblemMark().or(e::getContextMark).orElse(null);
            String place = at == null ? "" : " at line " + (at.getLine() + 1) + ", column " + (at.getColumn() + 1);
            String tab = e.getProblem().contains("TAB") ? "a tab where YAML wants spaces; " : "";
            throw new DataException(name + ": not YAML" + place + "; " + tab + WANTED);
        } catch (YamlEngineException e) {
            throw new DataException(name + ": not YAML: holds control characters; " + WANTED);
        }
    }

    private List<Entry> entries() {
        List<Entry> entries = new ArrayList<>();
        events.next();
        if (!(events.next() instanceof DocumentStartEvent)) {
            return entries;
        }
        Event root = events.next();
        if (root instanceof ScalarEvent scalar && isNull(scalar)) {
            return entries;
        }
        if (!(root instanceof MappingStartEvent)) {
            throw new DataException(place(root) + WANTED + ", found " + kind(root));
        }
        Map<String, Integer> lines = new HashMap<>();
        for (Event next = events.next(); !(next instanceof MappingEndEvent); next = events.next()) {
            if (!(next instanceof ScalarEvent key)) {
                throw new DataException(place(next) + WANTED + ", found " + kind(next) + " as a key");
            }
            Entry entry = entry(key);
            Integer before = lines.put(entry.key, line(key));
            if (before != null) {
                throw new DataException(place(key) + brief(key) + " appears twice, first on line " + before);
            }
            entries.add(entry);
        }
        events.next();
        Event after = events.next();
        if (!(after instanceof StreamEndEvent)) {
            throw new DataException(place(after) + "a second document begins; wanted one");
        }
        return entries;
    }

    private Entry entry(ScalarEvent key) {
        Event value = events.next();
        List<String> values = new ArrayList<>();
        switch (value) {
            case ScalarEvent one when isNull(one) -> {}
            case ScalarEvent one -> values.add(one.getValue());
            case SequenceStartEvent _ -> {
                for (Event next = events.next(); !(next instanceof SequenceEndEvent); next = events.next()) {
                    if (!(next instanceof ScalarEvent one)) {
                        throw new DataException(place(next) + brief(key) + " must be a value or a list of values,"
                                + " and holds " + kind(next));
                    }
                    values.add(one.getValue());
                }
            }
            default -> throw new DataException(
                    place(value) + brief(key) + " must be a value or a list of values, not " + kind(value));
        }
        return new Entry(key.getValue(), values, value instanceof SequenceStartEvent, name + ":" + line(key));
    }

    private static boolean isNull(ScalarEvent scalar) {
        return scalar.isPlain() && scalar.getValue().matches("|~|null|Null|NULL");
    }

    private static String kind(Event event) {
        return switch (event.getEventId()) {
            case Scalar -> '"' + brief((ScalarEvent) event) + '"';
            case SequenceStart -> "a list";
            case MappingStart -> "a map";
            case Alias -> "a reference (*)";
            default -> "something else";
        };
    }

    private static String brief(ScalarEvent scalar) {
        return Errors.brief(scalar.getValue());
    }

    private static int line(Event event) {
        return event.getStartMark().orElseThrow().getLine() + 1;
    }

    private String place(Event event) {
        return name + ":" + line(event) + ": ";
    }
}
