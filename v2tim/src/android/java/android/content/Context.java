package android.content;

import android.content.pm.PackageManager;

/** Android's own class in shape only, so that the library compiles without Android. Not shipped. */
public abstract class Context {
    public static final String CONNECTIVITY_SERVICE = "connectivity";

    public abstract Context getApplicationContext();

    public abstract Object getSystemService(String name);

    public abstract PackageManager getPackageManager();

    public abstract String getPackageName();
}
