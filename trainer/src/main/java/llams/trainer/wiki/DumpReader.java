package llams.trainer.wiki;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.MissingResourceException;
import java.util.function.Consumer;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;
import llams.model.files.DataException;

/// MediaWiki's export format, read as a stream: one page at a time is in memory. If a page has several revisions, the
/// last one in the file counts.
final class DumpReader {
    /// Eight times the bytes that a page of MediaWiki's can have.
    private static final int MOST_CHARACTERS = 1 << 24;

    private final XMLStreamReader xml;
    private final String name;
    private final Consumer<Page> pages;

    private String title;
    private int namespace;
    private boolean redirect;
    private String text = "";

    private DumpReader(XMLStreamReader xml, String name, Consumer<Page> pages) {
        this.xml = xml;
        this.name = name;
        this.pages = pages;
    }

    /// @param name how messages call the source
    /// @throws DataException if it is not such a file or damaged; the message says in which line
    static void read(InputStream in, String name, Consumer<Page> pages) throws IOException {
        // Exports are always UTF-8; given bytes, the JDK writes to stderr when they are not.
        Reader characters = new InputStreamReader(in, StandardCharsets.UTF_8.newDecoder());
        DumpReader reader = null;
        try {
            reader = new DumpReader(factory().createXMLStreamReader(characters), name, pages);
            reader.run();
        } catch (MissingResourceException e) {
            // The JDK has no message for some of the errors in a DTD.
            throw new DataException(name + ": a <!DOCTYPE>, which no export has and which is not read");
        } catch (XMLStreamException e) {
            String place = name + ":" + (e.getLocation() == null ? 1 : e.getLocation().getLineNumber()) + ": "
                    + (reader == null || reader.title == null ? "" : "in or after page \"" + reader.title + "\": ");
            switch (e.getNestedException()) {
                case CharacterCodingException _ -> throw new DataException(place + "not UTF-8; the file is damaged");
                case IOException failure -> throw failure;
                case null, default ->
                    throw new DataException(place + "damaged or cut short: " + lastLine(e.getMessage()));
            }
        }
    }

    /// Without the place, which the JDK writes in lines of its own.
    private static String lastLine(String message) {
        return message.substring(message.lastIndexOf('\n') + 1).replaceFirst("^Message: ", "");
    }

    private static XMLInputFactory factory() {
        XMLInputFactory factory = XMLInputFactory.newDefaultFactory();
        factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
        factory.setProperty(XMLInputFactory.IS_SUPPORTING_EXTERNAL_ENTITIES, false);
        // Without a DTD these count the characters written as &lt; and the like, of which a dump has any number.
        factory.setProperty("jdk.xml.entityExpansionLimit", 0);
        factory.setProperty("jdk.xml.totalEntitySizeLimit", 0);
        factory.setProperty("jdk.xml.maxGeneralEntitySizeLimit", 0);
        return factory;
    }

    private void run() throws XMLStreamException {
        boolean root = true;
        while (xml.hasNext()) {
            switch (xml.next()) {
                case XMLStreamConstants.START_ELEMENT -> {
                    if (root && !xml.getLocalName().equals("mediawiki")) {
                        throw failure("wanted a MediaWiki export, <mediawiki>, found <" + xml.getLocalName() + ">");
                    }
                    root = false;
                    start(xml.getLocalName());
                }
                case XMLStreamConstants.END_ELEMENT -> {
                    if (xml.getLocalName().equals("page")) {
                        endPage();
                    }
                }
                case XMLStreamConstants.DTD -> throw failure("a <!DOCTYPE>, which no export has and which is not read");
                default -> {}
            }
        }
    }

    private void start(String element) throws XMLStreamException {
        switch (element) {
            case "page" -> {
                title = null;
                namespace = 0;
                redirect = false;
                text = "";
            }
            case "title" -> title = content().strip();
            case "ns" -> {
                String number = content().strip();
                try {
                    namespace = Integer.parseInt(number);
                } catch (NumberFormatException e) {
                    throw failure("<ns> is \"" + number + "\"; wanted the number of a namespace");
                }
            }
            case "redirect" -> redirect = true;
            case "text" -> text = content();
            default -> {}
        }
    }

    private void endPage() {
        if (title == null || title.isEmpty()) {
            throw failure("a page without a title");
        }
        pages.accept(new Page(title, namespace, redirect, text));
    }

    /// The text up to the element's end.
    private String content() throws XMLStreamException {
        StringBuilder content = new StringBuilder();
        while (xml.next() != XMLStreamConstants.END_ELEMENT) {
            if (xml.isStartElement()) {
                throw failure("<" + xml.getLocalName() + "> where text was expected");
            } else if (xml.getEventType() == XMLStreamConstants.ENTITY_REFERENCE) {
                throw failure("&" + xml.getLocalName() + "; is not a character of XML");
            } else if (xml.isCharacters()) {
                content.append(xml.getTextCharacters(), xml.getTextStart(), xml.getTextLength());
                if (content.length() > MOST_CHARACTERS) {
                    throw failure("more than " + MOST_CHARACTERS + " characters of text in one page");
                }
            }
        }
        return content.toString();
    }

    private DataException failure(String what) {
        String page = title == null ? "" : "page \"" + title + "\": ";
        return new DataException(name + ":" + xml.getLocation().getLineNumber() + ": " + page + what);
    }
}
