package anubis.lab;

/** What the tests start as a process of its own. */
final class OtherJvm {
    private OtherJvm() {}

    public static void main(String[] args) throws InterruptedException {
        if (args[0].equals("ping")) {
            try (Lab lab = Lab.open()) {
                LabHost a = lab.host("a");
                LabHost b = lab.host("b");
                lab.link(a, b).addresses("10.1.0.1/24", "10.1.0.2/24");
                System.out.println(a.reaches("10.1.0.2"));
            }
            return;
        }
        LabHost host = Lab.open().host("a");
        host.start("sleep", "1000");
        System.out.println(host.namespace());
        Thread.currentThread().join();
    }
}
