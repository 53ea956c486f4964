package llams.model.hub;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// What the hub says about one file.
///
/// @param etag its hash in hexadecimal digits: 64 of SHA-256 or 40 of git's; anything else only tells contents apart
record HubFile(String path, long sizeBytes, String etag) {
    /// What computes the hash, or null if there is none to compare with. Git hashes a header before the content.
    MessageDigest digestOrNull() {
        try {
            if (etag.matches("[0-9a-f]{64}")) {
                return MessageDigest.getInstance("SHA-256");
            }
            if (etag.matches("[0-9a-f]{40}")) {
                MessageDigest git = MessageDigest.getInstance("SHA-1");
                git.update(("blob " + sizeBytes + "\0").getBytes(StandardCharsets.US_ASCII));
                return git;
            }
            return null;
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has these", e);
        }
    }

    /// Git's hash of a content, in hexadecimal digits.
    static String gitHash(byte[] content) {
        MessageDigest git = new HubFile("", content.length, "0".repeat(40)).digestOrNull();
        return HexFormat.of().formatHex(git.digest(content));
    }

    /// Enough of the etag to tell the beginnings of two contents apart, in letters fit for a file's name.
    String tag() {
        String letters = etag.replaceAll("[^0-9A-Za-z]", "");
        return letters.substring(0, Math.min(16, letters.length()));
    }
}
