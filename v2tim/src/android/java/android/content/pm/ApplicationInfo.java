package android.content.pm;

/** Android's own class in shape only, so that the library compiles without Android. Not shipped. */
public class ApplicationInfo extends PackageItemInfo {
}
