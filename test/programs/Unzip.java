import java.io.FileInputStream;
import java.io.InputStream;
import java.util.zip.CRC32;
import java.util.zip.ZipFile;
import java.util.zip.ZipInputStream;

/** Prints each entry of an archive, as ZipFile and then as ZipInputStream read it: size, CRC-32, name. */
class Unzip {
    public static void main(String[] args) throws Exception {
        var utf8 = new java.io.PrintStream(System.out, true, "UTF-8");
        try (var file = new ZipFile(args[0])) {
            for (var entry : java.util.Collections.list(file.entries())) {
                utf8.println(describe(file.getInputStream(entry)) + " " + entry.getName());
            }
        }
        try (var stream = new ZipInputStream(new FileInputStream(args[0]))) {
            for (var entry = stream.getNextEntry(); entry != null; entry = stream.getNextEntry()) {
                utf8.println(describe(stream) + " " + entry.getName());
            }
        }
    }

    static String describe(InputStream stream) throws Exception {
        var crc = new CRC32();
        var buffer = new byte[65536];
        long size = 0;
        for (int read = stream.read(buffer); read > 0; read = stream.read(buffer)) {
            crc.update(buffer, 0, read);
            size += read;
        }
        return size + " " + Long.toHexString(crc.getValue());
    }
}
