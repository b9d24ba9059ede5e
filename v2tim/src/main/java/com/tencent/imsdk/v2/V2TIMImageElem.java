package com.tencent.imsdk.v2;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/** A picture, as the files that the gateway keeps of it. */
public class V2TIMImageElem extends V2TIMElem {
    private static final long serialVersionUID = 1L;

    /** As it was sent. */
    public static final int V2TIM_IMAGE_TYPE_ORIGIN = 0;

    /** Small, for a list. */
    public static final int V2TIM_IMAGE_TYPE_THUMB = 1;

    /** For a screen. */
    public static final int V2TIM_IMAGE_TYPE_LARGE = 2;

    /** One file of a picture. */
    public static class V2TIMImage implements Serializable {
        private static final long serialVersionUID = 1L;

        String uuid;
        int type;
        int size;
        int width;
        int height;
        String url;

        public V2TIMImage() {
        }

        public String getUUID() {
            return uuid;
        }

        /** One of the three types above. */
        public int getType() {
            return type;
        }

        /** Bytes. */
        public int getSize() {
            return size;
        }

        public int getWidth() {
            return width;
        }

        public int getHeight() {
            return height;
        }

        public String getUrl() {
            return url;
        }

        /** Downloads the file to {@code path}. */
        public void downloadImage(String path, V2TIMDownloadCallback callback) {
            NotServed.IMAGE_DOWNLOAD_IMAGE.answer(callback);
        }

        @Override
        public String toString() {
            return "V2TIMImage{uuid=" + uuid + ", type=" + type + ", size=" + size
                + ", width=" + width + ", height=" + height + "}";
        }
    }

    String path;
    List<V2TIMImage> imageList = new ArrayList<V2TIMImage>();

    public V2TIMImageElem() {
    }

    /** The file on this device; only in messages that were made here. */
    public String getPath() {
        return path;
    }

    public List<V2TIMImage> getImageList() {
        return imageList;
    }

    @Override
    public String toString() {
        return "V2TIMImageElem{imageList=" + Shown.size(imageList) + "}";
    }
}
