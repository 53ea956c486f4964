package llams.model.yaml;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.model.files.DataException;
import llams.model.yaml.YamlNode.Field;
import llams.model.yaml.YamlNode.Fields;
import llams.model.yaml.YamlNode.Items;
import llams.model.yaml.YamlNode.Text;
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

/// Reads a YAML file event by event: references, deep nesting and repeated keys are refused where they begin, before
/// they can take memory or stack.
public final class YamlReader {
    private static final int MOST_BYTES = 1 << 20;
    private static final int DEEPEST = 16;

    private final String file;
    private final Iterator<Event> events;

    private YamlReader(String file, String text) {
        this.file = file;
        LoadSettings settings = LoadSettings.builder().build();
        this.events = new ParserImpl(settings, new StreamReader(settings, text));
    }

    /// Reads the one document of a file; an empty one is a null.
    ///
    /// @throws DataException if it is not YAML, or holds what this reader refuses; says where
    public static YamlNode read(Path file) throws IOException {
        return parse(file.toString(), text(file));
    }

    /// Reads the one document in a text.
    ///
    /// @param file the name for messages
    /// @throws DataException as [#read] does
    public static YamlNode parse(String file, String text) {
        try {
            return new YamlReader(file, text).document();
        } catch (MarkedYamlEngineException e) {
            Mark at = e.getProblemMark().or(e::getContextMark).orElse(null);
            String place = at == null ? "" : ":" + (at.getLine() + 1);
            String tab = e.getProblem().contains("TAB") ? "; a tab stands where YAML wants spaces" : "";
            throw new DataException(file + place + ": not YAML: " + e.getProblem() + tab, e);
        } catch (YamlEngineException e) {
            throw new DataException(file + ": not YAML: it holds control characters", e);
        }
    }

    private static String text(Path file) throws IOException {
        byte[] bytes;
        try (InputStream in = Files.newInputStream(file)) {
            bytes = in.readNBytes(MOST_BYTES);
            if (in.read() >= 0) {
                throw new DataException(file + ": longer than a mebibyte, more than such a file needs");
            }
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            throw new DataException(file + ": not UTF-8", e);
        }
    }

    private YamlNode document() {
        events.next();
        if (!(events.next() instanceof DocumentStartEvent)) {
            return new Text("", true, file);
        }
        YamlNode root = node(events.next(), 0);
        events.next();
        Event after = events.next();
        if (!(after instanceof StreamEndEvent)) {
            throw new DataException(place(after) + ": a second document begins; wanted one");
        }
        return root;
    }

    private YamlNode node(Event event, int depth) {
        if (depth > DEEPEST) {
            throw new DataException(place(event) + ": nested more than " + DEEPEST + " deep");
        }
        return switch (event) {
            case ScalarEvent one -> new Text(one.getValue(), one.isPlain(), place(one));
            case SequenceStartEvent start -> {
                List<YamlNode> items = new ArrayList<>();
                for (Event next = events.next(); !(next instanceof SequenceEndEvent); next = events.next()) {
                    items.add(node(next, depth + 1));
                }
                yield new Items(items, place(start));
            }
            case MappingStartEvent start -> fields(start, depth);
            default -> throw new DataException(place(event) + ": references (*) are not supported; write it out");
        };
    }

    private YamlNode fields(MappingStartEvent start, int depth) {
        Map<String, Field> fields = new LinkedHashMap<>();
        for (Event next = events.next(); !(next instanceof MappingEndEvent); next = events.next()) {
            if (!(next instanceof ScalarEvent key)) {
                throw new DataException(place(next) + ": a key must be a word");
            }
            Field before = fields.put(key.getValue(), new Field(place(key), node(events.next(), depth + 1)));
            if (before != null) {
                throw new DataException(
                        place(key) + ": \"" + key.getValue() + "\" appears twice, first at " + before.place());
            }
        }
        return new Fields(fields, place(start));
    }

    private String place(Event event) {
        return file + ":" + (event.getStartMark().orElseThrow().getLine() + 1);
    }
}
