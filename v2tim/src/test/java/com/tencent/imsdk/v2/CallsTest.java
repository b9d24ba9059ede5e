package com.tencent.imsdk.v2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tencent.imsdk.BaseConstants;

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

import timgate.thread.CallbackThread;

/** Which calls are served and which are not is said once, by {@link NotServed}: the code and the page agree with it. */
class CallsTest {
    @Test
    void everyRowNamesACall() {
        Set<NotServed> found = new HashSet<>();
        for (Call call : Call.all()) {
            found.add(call.row());
        }
        for (NotServed row : NotServed.values()) {
            assertTrue(found.contains(row), row + " names no call");
        }
    }

    @Test
    void thePageSaysWhatIsServed() throws IOException {
        StringBuilder page = new StringBuilder();
        int all = 0;
        int served = 0;
        Class<?> owner = null;
        for (Call call : Call.all()) {
            if (call.owner() != owner) {
                owner = call.owner();
                page.append("\n## ").append(owner.getSimpleName()).append("\n\n| call | served |\n|---|---|\n");
            }
            NotServed row = call.row();
            all++;
            served += row == null ? 1 : 0;
            page.append("| `").append(call).append("` | ")
                .append(row == null ? "yes" : "no: " + row.why.line).append(" |\n");
        }
        Derived.check("CALLS.md", "# Calls\n\nMade from the table `NotServed` by `CallsTest`; do not edit.\n\n"
            + "Of " + all + " calls " + served + " are served."
            + " Each of the others answers 7013 (`ERR_SDK_INTERFACE_NOT_SUPPORT`) with the reason, once, on the"
            + " callback thread.\n" + page);
    }

    /**
     * Before {@code initSDK} nothing can be done, so that every call fails at once: those that are not served with
     * their reason, the others because the library is not set up.
     */
    @TestFactory
    List<DynamicTest> everyCallAnswersOnce() {
        List<DynamicTest> tests = new ArrayList<>();
        for (Call call : Call.all()) {
            if (call.hasCallback()) {
                tests.add(DynamicTest.dynamicTest(call.owner().getSimpleName() + "." + call, () -> answersOnce(call)));
            }
        }
        return tests;
    }

    private static void answersOnce(Call call) throws Exception {
        BlockingQueue<Object[]> answers = new LinkedBlockingQueue<>();
        CountDownLatch returned = new CountDownLatch(1);
        Object[] arguments = new Object[call.method.getParameterCount()];
        for (int i = 0; i < arguments.length; i++) {
            arguments[i] = nothing(call.method.getParameterTypes()[i]);
        }
        Class<?> callback = call.method.getParameterTypes()[call.callbackPosition()];
        arguments[call.callbackPosition()] = Proxy.newProxyInstance(callback.getClassLoader(),
            new Class<?>[] {callback}, (proxy, method, given) -> {
                boolean inTime = returned.await(5, TimeUnit.SECONDS);
                answers.add(new Object[] {method.getName(), given, Thread.currentThread(), inTime});
                return null;
            });
        call.method.invoke(call.target, arguments);
        returned.countDown();

        Object[] answer = answers.poll(5, TimeUnit.SECONDS);
        assertNotNull(answer, "no answer");
        assertEquals(call.method.getName().equals("modifyMessage") ? "onComplete" : "onError", answer[0]);
        Object[] given = (Object[]) answer[1];
        NotServed row = call.row();
        if (row == null) {
            assertNotEquals(BaseConstants.ERR_SDK_INTERFACE_NOT_SUPPORT, given[0], "the table says it is served");
            assertNotEquals(BaseConstants.ERR_SUCC, given[0]);
        } else {
            assertEquals(BaseConstants.ERR_SDK_INTERFACE_NOT_SUPPORT, given[0]);
            assertEquals(row.line(), given[1]);
        }
        assertEquals(callbackThread(), answer[2], "the thread of the answer");
        assertEquals(true, answer[3], "the answer came after the call had returned");
        // Whatever else was posted by the call has run when this has.
        callbackThread();
        assertTrue(answers.isEmpty(), "a second answer");
    }

    private static Thread callbackThread() throws InterruptedException {
        BlockingQueue<Thread> thread = new LinkedBlockingQueue<>();
        CallbackThread.post(() -> thread.add(Thread.currentThread()));
        return thread.poll(5, TimeUnit.SECONDS);
    }

    private static Object nothing(Class<?> type) {
        if (type == boolean.class) {
            return false;
        }
        if (type == int.class) {
            return 0;
        }
        return type == long.class ? (Object) 0L : null;
    }
}
