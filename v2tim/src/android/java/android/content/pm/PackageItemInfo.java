package android.content.pm;

import android.os.Bundle;

/** Android's own class in shape only, so that the library compiles without Android. Not shipped. */
public class PackageItemInfo {
    public Bundle metaData;
}
