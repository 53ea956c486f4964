package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChatInputTest {
    private static void isWrong(String entered, String reason) {
        ChatInput.Wrong wrong = assertInstanceOf(ChatInput.Wrong.class, ChatInput.of(entered));
        assertTrue(wrong.reason().contains(reason), wrong.reason());
    }

    @Test
    void commands() {
        assertEquals(new ChatInput.Help(), ChatInput.of("/help"));
        assertEquals(new ChatInput.Reset(), ChatInput.of("/reset "));
        assertEquals(new ChatInput.Retry(), ChatInput.of("/retry"));
        assertEquals(new ChatInput.Stats(), ChatInput.of("/stats"));
        assertEquals(new ChatInput.Exit(), ChatInput.of("/exit"));
        assertEquals(new ChatInput.ShowSystem(), ChatInput.of("/system"));
        assertEquals(new ChatInput.SetSystem("Be brief."), ChatInput.of("/system  Be brief. "));
        assertEquals(new ChatInput.SetSystem(null), ChatInput.of("/system --none"));
        assertEquals(new ChatInput.Save(Path.of("my chat.jsonl"), false), ChatInput.of("/save my chat.jsonl"));
        assertEquals(new ChatInput.Save(Path.of("a"), true), ChatInput.of("/save --overwrite a"));
        assertEquals(new ChatInput.Save(Path.of("--overwritten"), false), ChatInput.of("/save --overwritten"));
        assertEquals(new ChatInput.Load(Path.of(System.getProperty("user.home"), "a")), ChatInput.of("/load ~/a"));
        assertEquals(new ChatInput.Nothing(), ChatInput.of(" \n\t"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"hello", " /help", "/", "/ help", "/etc/passwd says", "/help\nand more", "안녕하세요", "1/2", "/한국어"})
    void messages(String entered) {
        assertEquals(new ChatInput.Message(entered), ChatInput.of(entered));
    }

    @Test
    void whatLooksLikeACommandIsSentWithASecondSlash() {
        assertEquals(new ChatInput.Message("/help"), ChatInput.of("//help"));
        assertEquals(new ChatInput.Message("/"), ChatInput.of("//"));
    }

    @Test
    void whatIsNoCommandIsSaid() {
        isWrong("/stat", "did you mean /stats?");
        isWrong("/quit", "//quit sends it as a message");
        isWrong("/reset now", "/reset stands alone, without 'now'");
        isWrong("/save", "as in '/save chat.jsonl'");
        isWrong("/save --overwrite", "as in '/save chat.jsonl'");
        isWrong("/load", "as in '/load chat.jsonl'");
        isWrong("/load a\0b", "no file can have the name 'a\\x00b'");
    }

    @Test
    void whereTheHistoryStands() {
        Path home = Path.of("/home/me");
        assertEquals(Optional.of(home.resolve(".local/state/llams/chat-history")), ChatHistory.file(Map.of(), home));
        assertEquals(Optional.of(Path.of("/s/llams/chat-history")),
                ChatHistory.file(Map.of("XDG_STATE_HOME", "/s"), home));
        assertEquals(Optional.of(Path.of("x")),
                ChatHistory.file(Map.of("LLAMS_CHAT_HISTORY", "x", "XDG_STATE_HOME", "/s"), home));
        assertEquals(Optional.empty(), ChatHistory.file(Map.of("LLAMS_CHAT_HISTORY", ""), home));
    }
}
